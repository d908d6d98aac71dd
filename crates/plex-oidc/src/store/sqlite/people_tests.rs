//! The conformance suite of every store, run on this one: people, what they agreed to, and the end of what they have.

use super::tests::check;
use crate::store::conformance::{keys, local, logout, sessions};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_answer_about_a_user_does_not_replace_a_newer_one() {
    check(async |store| keys::an_older_answer_about_a_user_does_not_replace_a_newer_one(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_confirmed_of_many_does_not_undo_what_was_learned_meanwhile() {
    check(async |store| {
        keys::what_is_confirmed_of_many_does_not_undo_what_was_learned_meanwhile(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consent_that_is_taken_back_ends_what_its_client_holds() {
    check(async |store| keys::a_consent_that_is_taken_back_ends_what_its_client_holds(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sessions_of_a_person_are_those_that_live_the_last_used_first() {
    check(async |store| {
        sessions::the_sessions_of_a_person_are_those_that_live_the_last_used_first(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_listed_with_their_sessions_the_last_seen_first() {
    check(async |store| sessions::people_are_listed_with_their_sessions_the_last_seen_first(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consents_are_kept_per_user_and_client() {
    check(async |store| keys::consents_are_kept_per_user_and_client(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_account_is_stored_over_what_is_expected_and_nothing_else() {
    check(async |store| local::a_local_account_is_stored_over_what_is_expected_and_nothing_else(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_119_every_client_of_a_session_is_told_once() {
    check(async |store| logout::req_119_every_client_of_a_session_is_told_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_120_a_notice_is_tried_three_times() {
    check(async |store| logout::req_120_a_notice_is_tried_three_times(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_118_sign_out_everywhere_ends_all_of_one_person() {
    check(async |store| logout::req_118_sign_out_everywhere_ends_all_of_one_person(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_118_offline_clients_are_told_after_their_session() {
    check(async |store| logout::req_118_offline_clients_are_told_after_their_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_119_clients_are_told_of_somebody_who_is_removed() {
    check(async |store| logout::req_119_clients_are_told_of_somebody_who_is_removed(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_session_are_forgotten_in_the_end() {
    check(async |store| logout::clients_of_a_session_are_forgotten_in_the_end(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_119_a_session_that_is_taken_over_is_told_of() {
    check(async |store| logout::req_119_a_session_that_is_taken_over_is_told_of(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_120_one_of_64_takes_a_notice() {
    check(async |store| logout::req_120_one_of_64_takes_a_notice(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_counts_only_while_it_is_the_accounts_and_the_account_is_on() {
    check(async |store| {
        local::a_password_counts_only_while_it_is_the_accounts_and_the_account_is_on(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_declared_accounts_are_those_of_the_file_or_nothing_changes() {
    check(async |store| local::the_declared_accounts_are_those_of_the_file_or_nothing_changes(store).await)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_in_other_groups_are_found_and_nobody_else() {
    check(async |store| local::those_in_other_groups_are_found_and_nobody_else(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_a_local_account_ends_what_it_is_to_end_and_nobody_elses() {
    check(async |store| {
        local::a_change_of_a_local_account_ends_what_it_is_to_end_and_nobody_elses(store).await;
    })
    .await;
}
