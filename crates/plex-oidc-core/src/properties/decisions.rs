//! The one decision (I-25).

use super::*;

proptest! {
    /// I-25: taking a rule away, or emptying the list, never lets anybody in.
    #[test]
    fn i_25_fewer_allow_rules_never_let_more_people_in(
        person in any_person(), rules in prop::collection::vec(any_rule(), 0..5), house in any_house(),
        now in 0_i64..3000, gone in any::<prop::sample::Index>(),
    ) {
        let whole = Client { allow: rules.clone(), ..client("a") };
        let mut fewer = whole.clone();
        if !rules.is_empty() {
            fewer.allow.remove(gone.index(rules.len()));
        }
        let (now, is_in) = (Timestamp(now), |client: &Client, now| decide(&person, client, &house, now) == Decision::Allow);
        prop_assert!(!is_in(&fewer, now) || is_in(&whole, now));
        let nobody = Client { allow: Vec::new(), ..whole.clone() };
        let is_open = person.marks.doors.contains(&whole.id);
        let off = Client { enabled: false, ..whole.clone() };
        prop_assert!((is_open || !is_in(&nobody, now)) && !is_in(&off, now));
        // Nor does time that passes (but for the age of an account), or an ended membership.
        let ageless = HouseRules { minimum_account_age: Seconds(0), ..house.clone() };
        let at = |now| decide(&person, &whole, &ageless, now) == Decision::Allow;
        prop_assert!(!at(now.plus(Seconds(1))) || at(now));
        let ended = Person { standing: Standing::Ended, ..person.clone() };
        prop_assert!(matches!(decide(&ended, &whole, &house, now), Decision::Deny(_)));
    }

    /// I-25: a stricter rule of the house, or one more that keeps people out, never lets anybody in. Nor does it ever keep
    /// the owner out.
    #[test]
    fn i_25_stricter_rules_never_let_more_people_in(
        person in any_person(), audience in [prop::collection::vec(any_rule(), 0..4), prop::collection::vec(any_rule(), 0..3)],
        house in any_house(), stricter in any_house(), more in any_rule(), now in 0_i64..3000,
    ) {
        let ([allow, deny], now) = (audience, Timestamp(now));
        let before = Audience { allow, deny, ..Audience::default() };
        let one_more = |rule| Audience { deny: before.deny.iter().cloned().chain([rule]).collect(), ..before.clone() };
        let both = |one: &Option<BTreeSet<_>>, other: &Option<BTreeSet<_>>| match (one, other) {
            (Some(one), Some(other)) => Some(one & other),
            (one, other) => one.clone().or_else(|| other.clone()),
        };
        let is_in = |audience: &Audience, rules: &HouseRules| decide_for(&person, audience, rules, now) == Decision::Allow;
        let each = [
            HouseRules { allow_managed_users: false, ..house.clone() },
            HouseRules { require_confirmed_email: true, ..house.clone() },
            HouseRules { require_two_factor: true, ..house.clone() },
            HouseRules { minimum_account_age: house.minimum_account_age.max(stricter.minimum_account_age), ..house.clone() },
            HouseRules { blocked: &house.blocked | &stricter.blocked, ..house.clone() },
            HouseRules { only: both(&house.only, &stricter.only), ..house.clone() },
            HouseRules { membership_lifetime: house.membership_lifetime.min(stricter.membership_lifetime), ..house.clone() },
            HouseRules { accepted: Vec::new(), ..house.clone() },
        ];
        let is_owner = person.account.id == AccountId::Plex(PlexAccountId(1));
        for (number, rules) in each.iter().enumerate() {
            prop_assert!(!is_in(&before, rules) || is_in(&before, &house), "rule {}", number);
            let is_about_accounts = (1..6).contains(&number);
            if is_owner && is_about_accounts {
                prop_assert_eq!(is_in(&before, rules), is_in(&before, &house), "rule {} and the owner", number);
            }
        }
        prop_assert!(!is_in(&one_more(more), &house) || is_in(&before, &house));
    }

    /// The decision, worked out again as one sentence.
    #[test]
    fn i_25_a_decision_is_what_the_rules_say(
        person in any_person(), rules in prop::collection::vec(any_rule(), 0..5), house in any_house(), now in 0_i64..3000,
    ) {
        let account = &person.account;
        let fresh = |since: i64| now < since + i64::from(house.membership_lifetime.0);
        let (library, downloads) = (Group::library(None, 3), Group::downloads(None));
        let of_share = |part, group: &Group| {
            match &person.standing {
                Standing::Member { through, .. } if through[0].owner.0 == 1 => {}
                _ => return Some(false),
            }
            if account.id == AccountId::Plex(PlexAccountId(1)) {
                return Some(true);
            }
            let known = person.shares.iter().find(|known| known.part == part && fresh(known.as_of.0));
            known.map(|known| known.all || person.groups.contains(group))
        };
        // `certain` for an address that counts only once it is confirmed.
        let plainly = |rule: &AllowRule, certain: bool| match rule {
            AllowRule::Group(group) if *group == library => of_share(SharePart::Libraries, group),
            AllowRule::Group(group) if *group == downloads => of_share(SharePart::Permissions, group),
            AllowRule::Group(group) if group.as_str() == "plex-pass" => account.facts.plex_pass,
            AllowRule::Group(group) if group.as_str() == "plex-2fa" => account.facts.two_factor,
            AllowRule::Group(group) => Some(person.groups.iter().any(|of| of == group)),
            AllowRule::Account(id) => Some(account.id == *id),
            AllowRule::Email(email) => Some((account.email_confirmed || !certain)
                && account.email.as_deref().is_some_and(|own| own.to_lowercase() == email.to_lowercase())),
        };
        // The host's own group in three values: 0 for no, 2 for yes, 1 for not known.
        let value = |answer: Option<bool>| answer.map_or(1, |yes| if yes { 2 } else { 0 });
        let own = &house.groups[0];
        let within = own.any.iter().map(|rule| value(plainly(rule, true))).max();
        let every = own.all.iter().map(|rule| value(plainly(rule, true)));
        let none = own.none.iter().map(|rule| 2 - value(plainly(rule, false)));
        let least = within.into_iter().chain(every).chain(none).min();
        let in_club = [Some(false), None, Some(true)][least.filter(|_| own.any.len() + own.all.len() > 0).unwrap_or(0)];
        let named: Vec<Option<bool>> = rules.iter().map(|rule| match rule {
            AllowRule::Group(group) if *group == club() => in_club,
            rule => plainly(rule, true),
        }).collect();
        let told = house.as_told(&person, Timestamp(now));
        prop_assert_eq!(told.groups.contains(&club()), in_club == Some(true));
        prop_assert_eq!(&told.groups - &[club()].into(), person.groups.clone());
        let (confirmed, accepted) = match &person.standing {
            Standing::Kept | Standing::Ended => (false, false),
            Standing::Member { confirmed_at, through } => (fresh(confirmed_at.0), through[0].owner.0 == 1),
        };
        let owner = account.id == AccountId::Plex(PlexAccountId(1));
        let old_enough = |joined: Timestamp| i64::from(house.minimum_account_age.0) <= now - joined.0;
        let facts = account.facts;
        let welcome = !account.anonymous
            && (!account.managed || house.allow_managed_users)
            && (!house.require_confirmed_email || account.email_confirmed || owner || account.managed)
            && !house.blocked.contains(&account.id)
            && (owner || !person.marks.blocked)
            && (owner || person.marks.named || house.only.as_ref().is_none_or(|only| only.contains(&account.id)))
            && (owner || !house.require_two_factor || facts.two_factor != Some(false))
            && (owner || house.minimum_account_age.0 == 0 || facts.joined_at.is_none_or(old_enough));
        let account_known = owner
            || ((!house.require_two_factor || facts.two_factor.is_some())
                && (house.minimum_account_age.0 == 0 || facts.joined_at.is_some()));
        let is_named = named.contains(&Some(true)) || person.marks.doors.iter().any(|door| door.as_str() == "a");
        let client = Client { allow: rules.clone(), ..client("a") };
        let decision = decide(&person, &client, &house, Timestamp(now));
        prop_assert_eq!(decision == Decision::Allow, is_named && confirmed && welcome && accepted && account_known);
        if decision == Decision::Unknown {
            let doubt = !accepted || (is_named && !(confirmed && account_known)) || (!is_named && named.contains(&None));
            prop_assert!(welcome && doubt && person.standing != Standing::Ended);
        }
        // Whoever is let in although others are kept out is certainly none of those others.
        let audience = Audience { allow: vec![AllowRule::Account(account.id)], deny: rules, ..Audience::default() };
        if decide_for(&person, &audience, &house, Timestamp(now)) == Decision::Allow {
            prop_assert!(named.iter().all(|named| *named == Some(false)));
        }
    }

    /// What the host says of one account opens one door at most, and closes every one but to the owner.
    #[test]
    fn i_25_what_the_host_says_of_a_person_goes_no_further_than_it_says(
        person in any_person(), rules in prop::collection::vec(any_rule(), 0..4), house in any_house(),
        door in prop::sample::select(vec!["a", "app:a", "own:admin"]), now in 0_i64..3000,
    ) {
        let door = ClientId::parse(door).unwrap();
        let marked = |mark: Mark| {
            let mut person = person.clone();
            person.marks.apply(mark);
            person
        };
        let client = Client { allow: rules.clone(), ..client(door.as_str()) };
        let audience = Audience { allow: Vec::new(), deny: rules, door: Some(door.clone()), ..Audience::default() };
        let both = |person: &Person| {
            [decide(person, &client, &house, Timestamp(now)), decide_for(person, &audience, &house, Timestamp(now))]
        };
        let is_owner = person.account.id == AccountId::Plex(PlexAccountId(1));
        let before = both(&person);

        // A door is the answer to one question alone. That of the host's own page does not exist.
        let closed = both(&marked(Mark::Door(door.clone(), false)));
        let opened = both(&marked(Mark::Door(door.clone(), true)));
        for (closed, opened) in closed.into_iter().zip(opened) {
            let may_change = matches!(closed, Decision::Deny(Denial::NotAllowedHere) | Decision::Unknown);
            prop_assert!(opened == closed || (may_change && door.as_str() != "own:admin"));
        }
        let other = both(&marked(Mark::Door(ClientId::parse("another").unwrap(), true)));
        prop_assert_eq!(other, before);
        // Nor does it open what is denied, whatever is known of that.
        let is_denied = Audience { allow: Vec::new(), deny: vec![AllowRule::Account(person.account.id)], door: Some(door.clone()), ..Audience::default() };
        let all_doors = marked(Mark::Door(door, true));
        prop_assert_ne!(decide_for(&all_doors, &is_denied, &house, Timestamp(now)), Decision::Allow);

        // Named beforehand is named beforehand, and nothing else.
        let unnamed = both(&marked(Mark::Named(false)));
        let named = both(&marked(Mark::Named(true)));
        for (unnamed, named) in unnamed.into_iter().zip(named) {
            prop_assert!(named == unnamed || unnamed == Decision::Deny(Denial::NotNamedBeforehand));
        }
        let open_house = HouseRules { only: None, ..house.clone() };
        prop_assert_eq!(named[0], decide(&marked(Mark::Named(false)), &client, &open_house, Timestamp(now)));

        // Blocked is blocked, but an owner.
        let (free, blocked) = (both(&marked(Mark::Blocked(false))), both(&marked(Mark::Blocked(true))));
        if is_owner {
            prop_assert_eq!(free, blocked);
        } else {
            let is_out = |said| matches!(said, Decision::Deny(Denial::Blocked | Denial::BlockedByHost));
            prop_assert!(blocked.into_iter().all(is_out));
        }
    }
}
