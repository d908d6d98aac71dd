//! The part of the conformance suite that is about devices, on SQLite.

use super::tests::check;
use crate::store::conformance::devices;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_103_a_device_request_is_found_by_both_codes_until_it_is_over() {
    check(async |store| {
        devices::req_103_a_device_request_is_found_by_both_codes_until_it_is_over(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_104_early_polls_make_the_interval_longer_and_it_stays_so() {
    check(async |store| devices::req_104_early_polls_make_the_interval_longer_and_it_stays_so(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_104_of_64_polls_at_once_one_is_in_time() {
    check(async |store| devices::req_104_of_64_polls_at_once_one_is_in_time(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_106_a_device_request_is_answered_once() {
    check(async |store| devices::req_106_a_device_request_is_answered_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_106_of_64_answers_one_counts() {
    check(async |store| devices::req_106_of_64_answers_one_counts(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_107_of_64_polls_after_the_approval_one_gets_tokens() {
    check(async |store| devices::req_107_of_64_polls_after_the_approval_one_gets_tokens(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_107_a_device_code_that_comes_again_late_ends_the_grant() {
    check(async |store| devices::req_107_a_device_code_that_comes_again_late_ends_the_grant(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_107_an_approval_ends_with_its_session_its_access_and_its_time() {
    check(async |store| {
        devices::req_107_an_approval_ends_with_its_session_its_access_and_its_time(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_removes_device_requests_that_are_long_over() {
    check(async |store| devices::a_sweep_removes_device_requests_that_are_long_over(store).await).await;
}
