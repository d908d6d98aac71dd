//! The conformance suite of every store, run on this one: browsers that accounts are known in.

use super::tests::check;
use crate::store::conformance::{browsers, of_browsers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_known_to_its_own_account_and_for_a_time() {
    check(async |store| browsers::a_browser_is_known_to_its_own_account_and_for_a_time(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_was_disowned_meanwhile_is_not_brought_back() {
    check(async |store| browsers::a_browser_that_was_disowned_meanwhile_is_not_brought_back(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_of_a_browser_waits_with_it_and_is_approved_with_it() {
    check(async |store| {
        of_browsers::what_came_of_a_browser_waits_with_it_and_is_approved_with_it(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disowning_a_browser_ends_all_that_came_of_it_and_nothing_else() {
    check(async |store| {
        of_browsers::disowning_a_browser_ends_all_that_came_of_it_and_nothing_else(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_browser_is_confirmed_from_an_older_one_only() {
    check(async |store| browsers::a_new_browser_is_confirmed_from_an_older_one_only(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_are_bounded_and_those_that_somebody_said_yes_to_stay() {
    check(async |store| browsers::browsers_are_bounded_and_those_that_somebody_said_yes_to_stay(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_a_browser_is_about_that_browser_alone() {
    check(async |store| browsers::a_request_for_a_browser_is_about_that_browser_alone(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_or_approved_for_a_browser_that_is_forgotten() {
    check(async |store| browsers::nothing_is_asked_or_approved_for_a_browser_that_is_forgotten(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_are_swept_when_they_are_over() {
    check(async |store| browsers::browsers_are_swept_when_they_are_over(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_that_was_added_in_a_browser_ends_with_it() {
    check(async |store| of_browsers::a_passkey_that_was_added_in_a_browser_ends_with_it(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_token_waits_with_its_browser_and_is_of_its_own_session() {
    check(async |store| {
        of_browsers::an_app_token_waits_with_its_browser_and_is_of_its_own_session(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_is_listed_as_long_as_something_is_left_of_it() {
    check(async |store| of_browsers::a_browser_is_listed_as_long_as_something_is_left_of_it(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_outlives_a_browser_that_was_theirs_and_is_not_added_in_one_that_is_gone() {
    check(async |store| {
        of_browsers::a_passkey_outlives_a_browser_that_was_theirs_and_is_not_added_in_one_that_is_gone(store)
            .await;
    })
    .await;
}
