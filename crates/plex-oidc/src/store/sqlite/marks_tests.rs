//! The conformance suite of every store, run on this one: what the host says of people, and what they ask for.

use super::tests::check;
use crate::store::conformance::people;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_host_says_comes_with_the_person_and_no_sign_in_changes_it() {
    check(async |store| {
        people::what_the_host_says_comes_with_the_person_and_no_sign_in_changes_it(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn something_is_said_of_somebody_who_never_signed_in() {
    check(async |store| people::something_is_said_of_somebody_who_never_signed_in(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_ends_everything_at_once() {
    check(async |store| people::a_block_ends_everything_at_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_is_asked_once_and_answered_once() {
    check(async |store| people::a_request_is_asked_once_and_answered_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_have_limits_and_an_end() {
    check(async |store| people::requests_have_limits_and_an_end(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_blocked_meanwhile_neither_comes_in_nor_asks() {
    check(async |store| people::whoever_is_blocked_meanwhile_neither_comes_in_nor_asks(store).await).await;
}
