//! The parts of the conformance suite about events and about links to the host's page, run on this store.

use super::tests::check;
use crate::store::conformance::{audit, host};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_back_as_they_were_the_newest_first() {
    check(async |store| audit::events_come_back_as_they_were_the_newest_first(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_found_by_person_kind_and_time() {
    check(async |store| audit::events_are_found_by_person_kind_and_time(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_in_parts_without_gap_or_repetition() {
    check(async |store| audit::events_come_in_parts_without_gap_or_repetition(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_events_are_forgotten_and_no_number_is_given_twice() {
    check(async |store| audit::old_events_are_forgotten_and_no_number_is_given_twice(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_kind_of_event_does_not_drive_out_another() {
    check(async |store| audit::one_kind_of_event_does_not_drive_out_another(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_once_and_until_its_end() {
    check(async |store| host::a_link_is_good_once_and_until_its_end(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_link_replaces_the_one_before() {
    check(async |store| host::a_new_link_replaces_the_one_before(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_uses_of_a_link_one_wins() {
    check(async |store| host::of_64_uses_of_a_link_one_wins(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_ends_alone_with_everything_of_its_owner_and_by_time() {
    check(async |store| host::a_visit_ends_alone_with_everything_of_its_owner_and_by_time(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_once_and_while_somebody_waits() {
    check(async |store| host::a_question_is_answered_once_and_while_somebody_waits(store).await).await;
}
