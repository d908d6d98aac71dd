//! Passkeys, by the suite and in the file.

use super::tests::check;
use crate::store::conformance::passkeys;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passkey_is_there_until_it_is_removed_with_its_visits() {
    check(async |store| passkeys::a_passkey_is_there_until_it_is_removed_with_its_visits(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_is_there_once_and_an_account_has_so_many() {
    check(async |store| passkeys::a_credential_is_there_once_and_an_account_has_so_many(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_145_of_64_uses_of_a_challenge_one_begins_a_visit() {
    check(async |store| passkeys::req_145_of_64_uses_of_a_challenge_one_begins_a_visit(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_145_of_two_uses_with_one_count_one_begins_a_visit() {
    check(async |store| passkeys::req_145_of_two_uses_with_one_count_one_begins_a_visit(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_takes_the_place_of_the_one_before_and_used_challenges_are_forgotten() {
    check(async |store| {
        passkeys::a_visit_takes_the_place_of_the_one_before_and_used_challenges_are_forgotten(store).await;
    })
    .await;
}
