//! The conformance suite of every store, run on this one.

use super::tests::check;
use crate::store::conformance::{
    client_tokens, codes, keys, logins, pushed, races, refresh, sessions, sweeping,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_installation_is_named_once() {
    check(async |store| keys::the_installation_is_named_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_are_made_once() {
    check(async |store| keys::signing_keys_are_made_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_are_replaced_only_by_who_knows_them() {
    check(async |store| keys::signing_keys_are_replaced_only_by_who_knows_them(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_too_large_for_the_database_is_refused() {
    check(async |store| keys::a_number_too_large_for_the_database_is_refused(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_is_there_until_it_expires() {
    check(async |store| logins::an_attempt_is_there_until_it_expires(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_goes_from_pin_to_approval() {
    check(async |store| logins::an_attempt_goes_from_pin_to_approval(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pin_is_burned_for_ever() {
    check(async |store| logins::a_pin_is_burned_for_ever(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_one_of_64_attempts_adopts_a_pin() {
    check(async |store| logins::i_06_one_of_64_attempts_adopts_a_pin(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_about_one_pin_in_one_state() {
    check(async |store| logins::a_refusal_is_about_one_pin_in_one_state(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_attempt_may_be_tried_again() {
    check(async |store| logins::a_refused_attempt_may_be_tried_again(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_final_state_stays() {
    check(async |store| logins::a_final_state_stays(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_one_of_64_calls_finishes_an_attempt() {
    check(async |store| logins::i_06_one_of_64_calls_finishes_an_attempt(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_finished_in_an_old_session_needs_that_session() {
    check(async |store| logins::an_attempt_finished_in_an_old_session_needs_that_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_017_a_code_outlives_the_renewal_of_its_session() {
    check(async |store| logins::req_017_a_code_outlives_the_renewal_of_its_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_017_a_session_that_ended_elsewhere_does_not_come_back() {
    check(async |store| logins::req_017_a_session_that_ended_elsewhere_does_not_come_back(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_130_the_replaced_session_is_dead() {
    check(async |store| logins::req_130_the_replaced_session_is_dead(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_read_back_as_it_was_issued() {
    check(async |store| codes::a_code_is_read_back_as_it_was_issued(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_needs_a_live_session_of_its_user() {
    check(async |store| codes::a_code_needs_a_live_session_of_its_user(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_037_a_code_lives_to_the_second() {
    check(async |store| codes::req_037_a_code_lives_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_038_a_code_is_bound_to_its_client() {
    check(async |store| codes::req_038_a_code_is_bound_to_its_client(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_039_one_of_64_calls_redeems_a_code() {
    check(async |store| codes::req_039_one_of_64_calls_redeems_a_code(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_040_a_late_replay_ends_the_grant() {
    check(async |store| codes::req_040_a_late_replay_ends_the_grant(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_040_a_replay_is_recognised_after_the_code_expired() {
    check(async |store| codes::req_040_a_replay_is_recognised_after_the_code_expired(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_040_without_pkce_any_replay_ends_the_grant() {
    check(async |store| codes::req_040_without_pkce_any_replay_ends_the_grant(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_041_three_failures_burn_a_code() {
    check(async |store| codes::req_041_three_failures_burn_a_code(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_043_a_code_ends_with_its_session_or_access() {
    check(async |store| codes::req_043_a_code_ends_with_its_session_or_access(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_lives_to_the_second() {
    check(async |store| codes::an_access_token_lives_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_access_token_is_revoked_by_its_client_only() {
    check(async |store| codes::an_access_token_is_revoked_by_its_client_only(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_096_the_end_of_a_grant_ends_its_tokens() {
    check(async |store| codes::req_096_the_end_of_a_grant_ends_its_tokens(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_057_a_refresh_token_is_bound_to_its_client() {
    check(async |store| refresh::req_057_a_refresh_token_is_bound_to_its_client(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_059_reuse_ends_the_family() {
    check(async |store| refresh::req_059_reuse_ends_the_family(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_060_a_lost_answer_may_be_asked_for_again() {
    check(async |store| refresh::req_060_a_lost_answer_may_be_asked_for_again(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_060_the_grace_ends_to_the_second() {
    check(async |store| refresh::req_060_the_grace_ends_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_061_a_kept_token_is_used_again_and_again() {
    check(async |store| refresh::req_061_a_kept_token_is_used_again_and_again(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_062_of_64_calls_one_successor_lives() {
    check(async |store| refresh::req_062_of_64_calls_one_successor_lives(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_062_without_a_grace_64_calls_end_the_family() {
    check(async |store| refresh::req_062_without_a_grace_64_calls_end_the_family(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_065_idle_and_absolute_limits_hold() {
    check(async |store| refresh::req_065_idle_and_absolute_limits_hold(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_04_a_family_has_one_live_leaf() {
    check(async |store| refresh::i_04_a_family_has_one_live_leaf(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_session_lives_until_its_limits() {
    check(async |store| sessions::a_browser_session_lives_until_its_limits(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_use_of_a_session_is_noted_once_a_minute() {
    check(async |store| sessions::the_use_of_a_session_is_noted_once_a_minute(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_118_sign_out_ends_session_and_tokens() {
    check(async |store| sessions::req_118_sign_out_ends_session_and_tokens(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_118_offline_grants_may_outlive_the_session() {
    check(async |store| sessions::req_118_offline_grants_may_outlive_the_session(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_removes_what_is_over_and_nothing_else() {
    check(async |store| sweeping::a_sweep_removes_what_is_over_and_nothing_else(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_takes_a_bounded_step() {
    check(async |store| sweeping::a_sweep_takes_a_bounded_step(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_an_attempt_adopts_one_of_64_pins() {
    check(async |store| races::i_06_an_attempt_adopts_one_of_64_pins(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_one_of_64_approvals_counts() {
    check(async |store| races::i_06_one_of_64_approvals_counts(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_an_attempt_is_finished_or_cancelled_and_never_both() {
    check(async |store| races::i_06_an_attempt_is_finished_or_cancelled_and_never_both(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_041_of_64_failures_one_burns_a_code() {
    check(async |store| races::req_041_of_64_failures_one_burns_a_code(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_043_a_redemption_in_a_race_with_the_end_leaves_nothing() {
    check(async |store| races::req_043_a_redemption_in_a_race_with_the_end_leaves_nothing(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_04_a_rotation_in_a_race_with_the_end_leaves_nothing() {
    check(async |store| races::i_04_a_rotation_in_a_race_with_the_end_leaves_nothing(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_06_one_of_64_calls_signs_out() {
    check(async |store| races::i_06_one_of_64_calls_signs_out(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_request_is_spent_once() {
    check(async |store| pushed::a_pushed_request_is_spent_once(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unanswered_request_outlives_what_was_begun_with_it() {
    check(async |store| pushed::an_unanswered_request_outlives_what_was_begun_with_it(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_101_a_code_spends_the_request_that_it_answers() {
    check(async |store| pushed::req_101_a_code_spends_the_request_that_it_answers(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_101_of_two_attempts_with_one_request_one_is_finished() {
    check(async |store| pushed::req_101_of_two_attempts_with_one_request_one_is_finished(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_101_of_64_answers_to_one_request_one_is_sent() {
    check(async |store| pushed::req_101_of_64_answers_to_one_request_one_is_sent(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_token_lives_to_the_second() {
    check(async |store| client_tokens::a_client_token_lives_to_the_second(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_token_is_revoked_by_its_client_only() {
    check(async |store| client_tokens::a_client_token_is_revoked_by_its_client_only(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_054_one_of_64_calls_uses_an_assertion() {
    check(async |store| client_tokens::req_054_one_of_64_calls_uses_an_assertion(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_054_a_sweep_keeps_good_assertions() {
    check(async |store| client_tokens::req_054_a_sweep_keeps_good_assertions(store).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_096_any_token_of_a_family_ends_it_for_its_client_only() {
    check(async |store| refresh::req_096_any_token_of_a_family_ends_it_for_its_client_only(store).await)
        .await;
}
