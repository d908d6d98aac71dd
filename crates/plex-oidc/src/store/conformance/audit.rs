//! What happened.

use plex_oidc_core::audit::{Actor, Event, What};
use plex_oidc_core::id::LocalAccountId;

use super::super::{EVENTS_OF_A_KIND, SWEEP_BATCH};
use super::*;

fn plex(id: u64) -> AccountId {
    AccountId::Plex(PlexAccountId(id))
}

fn denied(seconds: u32, account: u64) -> Event {
    Event::new(after(seconds), What::Denied, Actor::Account(plex(account))).about(plex(account))
}

async fn found(store: &Shared, wanted: EventsWanted) -> Vec<Event> {
    let most = if wanted.most == 0 { 1000 } else { wanted.most };
    let found = store.events(EventsWanted { most, ..wanted }).await.unwrap();
    assert!(found.windows(2).all(|two| two[0].id > two[1].id), "the newest first");
    found.into_iter().map(|record| record.event).collect()
}

pub(crate) async fn events_come_back_as_they_were_the_newest_first(store: &Shared) {
    let local = AccountId::Local(LocalAccountId::new(7).unwrap());
    let events = [
        denied(0, 7).named("Robin \"the\" Friend 🎬").target("photos").address(Some([192, 0, 2, 7].into())),
        Event::new(after(1), What::KeysRotated, Actor::CommandLine),
        Event::new(after(2), What::AccessEnded, Actor::Recheck).about(local).detail("2 sessions"),
        Event::new(after(2), What::ConfigurationReloaded, Actor::Program),
    ];
    for event in &events {
        store.record_event(event.clone()).await.unwrap();
    }
    let newest_first: Vec<_> = events.iter().rev().cloned().collect();
    assert_eq!(found(store, EventsWanted::default()).await, newest_first);
    let size = store.size().await.unwrap();
    assert!((4096..100_000_000).contains(&size), "{size}");
}

pub(crate) async fn events_are_found_by_person_kind_and_time(store: &Shared) {
    let by_host = Event::new(after(5), What::EverythingEnded, Actor::Account(plex(1))).about(plex(2));
    let local = AccountId::Local(LocalAccountId::new(2).unwrap());
    let of_local = Event::new(after(9), What::SignedIn, Actor::Account(local)).about(local).named("Ida");
    for event in [denied(0, 2).named("Robin"), by_host.clone(), of_local.clone()] {
        store.record_event(event).await.unwrap();
    }
    let of = |account| EventsWanted { account: Some(account), ..EventsWanted::default() };
    assert_eq!(found(store, of(plex(2))).await.len(), 2, "done by, or about");
    assert_eq!(found(store, of(plex(1))).await, std::slice::from_ref(&by_host));
    assert_eq!(found(store, of(local)).await, std::slice::from_ref(&of_local), "another way in");
    assert!(found(store, of(plex(22))).await.is_empty());
    for (name, count) in [("rob", 1), ("ID", 1), ("%", 0), ("'", 0), ("", 2)] {
        let wanted = EventsWanted { name: Some(name.to_owned()), ..EventsWanted::default() };
        assert_eq!(found(store, wanted).await.len(), count, "{name}");
    }
    let kind = EventsWanted { what: Some(What::EverythingEnded), ..EventsWanted::default() };
    assert_eq!(found(store, kind).await, std::slice::from_ref(&by_host));
    let (since, until) = (Some(after(5)), Some(after(9)));
    let between = EventsWanted { since, until, ..EventsWanted::default() };
    assert_eq!(found(store, between).await, [by_host], "the end is outside");
}

pub(crate) async fn events_come_in_parts_without_gap_or_repetition(store: &Shared) {
    for second in 0..25 {
        store.record_event(denied(second, 7)).await.unwrap();
    }
    let (mut before, mut all) = (None, Vec::new());
    loop {
        let part = store.events(EventsWanted { before, most: 10, ..EventsWanted::default() }).await.unwrap();
        let Some(last) = part.last() else { break };
        before = Some(last.id);
        all.extend(part.into_iter().map(|record| record.event.at));
        store.record_event(denied(100, 8)).await.unwrap(); // what is new moves nothing
    }
    assert_eq!(all, (0..25).rev().map(after).collect::<Vec<_>>());
    let beyond = EventsWanted { before: Some(u64::MAX), most: 1, ..EventsWanted::default() };
    assert!(store.events(beyond).await.is_err(), "no such number");
}

pub(crate) async fn old_events_are_forgotten_and_no_number_is_given_twice(store: &Shared) {
    for second in [0, 10, 20] {
        store.record_event(denied(second, 7)).await.unwrap();
    }
    assert_eq!(store.forget_events(after(0)).await.unwrap(), 0);
    assert_eq!(store.forget_events(after(11)).await.unwrap(), 2);
    assert_eq!(found(store, EventsWanted::default()).await, [denied(20, 7)]);
    let last = store.events(EventsWanted { most: 1, ..EventsWanted::default() }).await.unwrap()[0].id;
    assert_eq!(store.forget_events(after(100)).await.unwrap(), 1);
    store.record_event(denied(200, 7)).await.unwrap();
    assert!(store.events(EventsWanted { most: 1, ..EventsWanted::default() }).await.unwrap()[0].id > last);
}

/// A stranger who is denied again and again drives out other strangers, and nothing else.
pub(crate) async fn one_kind_of_event_does_not_drive_out_another(store: &Shared) {
    let kept = Event::new(after(0), What::AdminLinkUsed, Actor::CommandLine);
    store.record_event(kept.clone()).await.unwrap();
    let surplus = SWEEP_BATCH + 7;
    let seconds: Vec<_> = (1..=EVENTS_OF_A_KIND + surplus).collect();
    for part in seconds.chunks(500) {
        let writes = part.iter().map(|second| store.record_event(denied(*second, 9)));
        for written in futures_util::future::join_all(writes).await {
            written.unwrap();
        }
    }
    assert_eq!(store.forget_events(after(0)).await.unwrap(), usize::try_from(SWEEP_BATCH).unwrap());
    assert_eq!(store.forget_events(after(0)).await.unwrap(), 7);
    assert_eq!(store.forget_events(after(0)).await.unwrap(), 0);
    let all = store.events(EventsWanted { most: u32::MAX, ..EventsWanted::default() }).await.unwrap();
    assert_eq!(all.len(), usize::try_from(EVENTS_OF_A_KIND).unwrap() + 1);
    assert_eq!(all.first().unwrap().event, denied(EVENTS_OF_A_KIND + surplus, 9), "the newest stay");
    assert_eq!(all.last().unwrap().event, kept);
}
