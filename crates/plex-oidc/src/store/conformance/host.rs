//! Links to the host's page.

use super::*;

fn link() -> AdminLink {
    AdminLink { hash: hash(), expires: T0.plus(Seconds::minutes(10)) }
}

fn visit() -> HostSession {
    let account_id = AccountId::Plex(PlexAccountId(number()));
    HostSession { hash: hash(), account_id, began: T0, expires: T0.plus(Seconds::hours(1)), passkey: None }
}

pub(crate) async fn a_link_is_good_once_and_until_its_end(store: &Shared) {
    let (link, visit) = (link(), visit());
    assert!(!store.has_admin_link(link.hash, T0).await.unwrap());
    assert!(!store.use_admin_link(link.hash, visit, T0).await.unwrap());
    store.put_admin_link(link).await.unwrap();
    assert!(store.has_admin_link(link.hash, after(599)).await.unwrap());
    assert!(!store.has_admin_link(link.hash, after(600)).await.unwrap());
    assert!(!store.use_admin_link(link.hash, visit, after(600)).await.unwrap());
    assert!(!store.use_admin_link(visit.hash, visit, T0).await.unwrap(), "another secret");
    assert_eq!(store.host_session(visit.hash, T0).await.unwrap(), None);

    assert!(store.use_admin_link(link.hash, visit, after(599)).await.unwrap());
    assert_eq!(store.host_session(visit.hash, after(3599)).await.unwrap(), Some(visit));
    assert_eq!(store.host_session(visit.hash, after(3600)).await.unwrap(), None);
    assert!(!store.has_admin_link(link.hash, T0).await.unwrap());
    assert!(!store.use_admin_link(link.hash, HostSession { hash: hash(), ..visit }, T0).await.unwrap());
    // It is no browser session.
    assert!(store.browser_session(visit.hash, T0).await.unwrap().is_none());
}

pub(crate) async fn a_new_link_replaces_the_one_before(store: &Shared) {
    let (first, second) = (link(), link());
    store.put_admin_link(first).await.unwrap();
    store.put_admin_link(second).await.unwrap();
    assert!(!store.use_admin_link(first.hash, visit(), T0).await.unwrap());
    assert!(store.use_admin_link(second.hash, visit(), T0).await.unwrap());
}

pub(crate) async fn of_64_uses_of_a_link_one_wins(store: &Shared) {
    let link = link();
    store.put_admin_link(link).await.unwrap();
    let visits: Vec<_> = (0..64).map(|_| visit()).collect();
    let answers = race(store, |store, index| {
        let visit = visits[index];
        async move { store.use_admin_link(link.hash, visit, T0).await.unwrap() }
    })
    .await;
    assert_eq!(answers.iter().filter(|used| **used).count(), 1);
    for (visit, used) in visits.iter().zip(answers) {
        assert_eq!(store.host_session(visit.hash, T0).await.unwrap().is_some(), used);
    }
}

pub(crate) async fn a_visit_ends_alone_with_everything_of_its_owner_and_by_time(store: &Shared) {
    let visits = [visit(), visit(), visit()];
    for visit in visits {
        let link = link();
        store.put_admin_link(link).await.unwrap();
        assert!(store.use_admin_link(link.hash, visit, T0).await.unwrap());
    }
    let lives = async |visit: HostSession| store.host_session(visit.hash, T0).await.unwrap().is_some();
    assert!(store.end_host_session(visits[0].hash).await.unwrap());
    assert!(!store.end_host_session(visits[0].hash).await.unwrap());
    store.end_all_sessions(visits[1].account_id, after(1)).await.unwrap();
    assert_eq!(
        [lives(visits[0]).await, lives(visits[1]).await, lives(visits[2]).await],
        [false, false, true]
    );

    store.put_admin_link(link()).await.unwrap();
    let swept = store.sweep(after(600)).await.unwrap();
    assert_eq!(swept, SweepCounts { admin_links: 1, ..SweepCounts::default() });
    let swept = store.sweep(after(3600)).await.unwrap();
    assert_eq!(swept, SweepCounts { host_sessions: 1, ..SweepCounts::default() });
}

pub(crate) async fn a_question_is_answered_once_and_while_somebody_waits(store: &Shared) {
    let open = async |now| store.open_questions(now).await.unwrap();
    let first = store.ask_service(Question::Membership, after(60)).await.unwrap();
    let second = store.ask_service(Question::Recheck, after(30)).await.unwrap();
    let both = [
        OpenQuestion { id: first, question: Question::Membership },
        OpenQuestion { id: second, question: Question::Recheck },
    ];
    assert_eq!(open(T0).await, both);
    assert_eq!(open(after(30)).await, both[..1], "nobody waits for the other any more");
    assert_eq!(store.answer_to(second).await.unwrap(), None);
    assert!(store.answer_question(second, "{\"x\":\"\u{1f4d6}\"}".to_owned()).await.unwrap());
    assert!(!store.answer_question(second, "another".to_owned()).await.unwrap());
    assert_eq!(store.answer_to(second).await.unwrap().as_deref(), Some("{\"x\":\"\u{1f4d6}\"}"));
    assert_eq!(open(T0).await, both[..1]);

    assert_eq!(store.sweep(after(59)).await.unwrap().questions, 1);
    assert_eq!(store.answer_to(second).await.unwrap(), None);
    assert!(!store.answer_question(second, "late".to_owned()).await.unwrap());
    assert_eq!(store.sweep(after(60)).await.unwrap().questions, 1);
    let third = store.ask_service(Question::Membership, after(60)).await.unwrap();
    assert!(third > second, "or an answer could be to another's question");
}
