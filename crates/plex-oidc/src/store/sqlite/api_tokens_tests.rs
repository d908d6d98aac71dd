//! The conformance suite for tokens of the API, run on this store.

use super::tests::check;
use crate::store::conformance::api_tokens;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_token_is_read_back_and_lives_to_the_second() {
    check(async |store| api_tokens::an_api_token_is_read_back_and_lives_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_token_is_none_of_anybody_elses() {
    check(async |store| api_tokens::an_api_token_is_none_of_anybody_elses(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_an_api_token_is_noted_once_a_minute() {
    check(async |store| api_tokens::the_use_of_an_api_token_is_noted_once_a_minute(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_64_api_tokens_with_one_id_one_is_stored_and_it_is_revoked_once() {
    check(async |store| {
        api_tokens::of_64_api_tokens_with_one_id_one_is_stored_and_it_is_revoked_once(store).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_one_person_ends_at_once() {
    check(async |store| api_tokens::everything_of_one_person_ends_at_once(store).await).await;
}
