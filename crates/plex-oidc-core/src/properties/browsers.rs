//! New browsers in the one decision (I-25): where the host is to be asked, whoever comes from one waits, and nothing else changes.

use super::*;
use crate::decide::{NewBrowsers, Through};

proptest! {
    /// What a new browser meets is a function of what the person meets in a known one: an application that asks keeps out whoever
    /// would come in, but an owner; all other answers stay as they are, and all other ways through.
    #[test]
    fn i_25_a_new_browser_keeps_out_where_the_host_is_asked_and_lets_nobody_in(
        person in any_person(), rules in prop::collection::vec(any_rule(), 0..4), house in any_house(), asks in any::<bool>(),
        now in 0_i64..3000, id in prop::sample::select(vec!["a", "app:a"]), doors in any::<bool>(),
    ) {
        let id = ClientId::parse(id).unwrap();
        let policy = if asks { NewBrowsers::AskHost } else { NewBrowsers::Allow };
        let client = Client { allow: rules.clone(), new_browsers: policy, ..client(id.as_str()) };
        let door = doors.then(|| id.clone());
        let audience = Audience { allow: rules, deny: Vec::new(), door, new_browsers: policy };
        let now = Timestamp(now);
        let both = |through| {
            let asker = person.through(through);
            [decide(asker, &client, &house, now), decide_for(asker, &audience, &house, now)]
        };
        let is_owner = person.account.id == AccountId::Plex(PlexAccountId(1));
        let indifferent = Client { new_browsers: NewBrowsers::Allow, ..client.clone() };
        prop_assert_eq!(both(Through::KnownBrowser)[0], decide(person.through(Through::NewBrowser), &indifferent, &house, now));
        prop_assert_eq!(both(Through::KnownBrowser), both(Through::NoBrowser));
        for (known, new) in both(Through::KnownBrowser).into_iter().zip(both(Through::NewBrowser)) {
            prop_assert_ne!(known, Decision::Deny(Denial::NewBrowser));
            let waits = asks && !is_owner && known == Decision::Allow;
            prop_assert_eq!(new, if waits { Decision::Deny(Denial::NewBrowser) } else { known });
        }
        // Whoever does not say what somebody comes through has them wait.
        prop_assert_eq!(decide(&person, &client, &house, now), both(Through::NewBrowser)[0]);
    }
}
