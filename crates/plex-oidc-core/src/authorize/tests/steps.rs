//! Which step comes next.

use super::*;

fn session(auth_time: i64) -> SessionFacts {
    SessionFacts {
        acr: crate::claims::ACR_PLEX,
        subject: Subject::of_plex(PlexAccountId(42)),
        auth_time: Timestamp(auth_time),
        decision: Decision::Allow,
        consented: true,
        impersonable: false,
    }
}

fn step(changes: &[(&str, Option<&str>)], session: Option<&SessionFacts>, progress: Progress) -> Step {
    next_step(&ask(changes).unwrap(), session, progress, Timestamp(1000))
}

fn refused(step: &Step) -> AuthorizeErrorCode {
    match step {
        Step::Refuse(error) => error.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_live_session_needs_no_page() {
    assert_eq!(step(&[], Some(&session(900)), Progress::default()), Step::Issue);
    assert_eq!(step(&[], None, Progress::default()), Step::SignIn);
}

#[test]
fn req_106_on_a_device_nothing_but_a_fresh_answer_counts() {
    let device = crate::device::OnDevice {
        device_code: crate::secret::SecretHash([1; 32]),
        user_code: crate::device::UserCode::from_random([2; 32]),
        expires: Timestamp(1600),
    };
    let request = AuthorizationRequest { device: Some(device), ..ask(&[]).unwrap() };
    let step = |progress| next_step(&request, Some(&session(900)), progress, Timestamp(1000));
    for progress in [
        Progress::default(),
        Progress { signed_in: true, ..Progress::default() },
        Progress { account_chosen: true, ..Progress::default() },
    ] {
        assert_eq!(step(progress), Step::Consent, "{progress:?}");
    }
    assert_eq!(step(Progress { consented: true, ..Progress::default() }), Step::Issue);
}

#[test]
fn req_007_prompt_none_never_shows_a_page() {
    let none = [("prompt", Some("none"))];
    assert_eq!(refused(&step(&none, None, Progress::default())), AuthorizeErrorCode::LoginRequired);
    assert_eq!(step(&none, Some(&session(900)), Progress::default()), Step::Issue);
    let unconsented = SessionFacts { consented: false, ..session(900) };
    assert_eq!(
        refused(&step(&none, Some(&unconsented), Progress::default())),
        AuthorizeErrorCode::ConsentRequired
    );
    let denied = SessionFacts { decision: Decision::Deny(Denial::NotAllowedHere), ..session(900) };
    assert_eq!(refused(&step(&none, Some(&denied), Progress::default())), AuthorizeErrorCode::AccessDenied);
    let unknown = SessionFacts { decision: Decision::Unknown, ..session(900) };
    assert_eq!(refused(&step(&none, Some(&unknown), Progress::default())), AuthorizeErrorCode::LoginRequired);
    let old = [("prompt", Some("none")), ("max_age", Some("10"))];
    assert_eq!(
        refused(&step(&old, Some(&session(900)), Progress::default())),
        AuthorizeErrorCode::LoginRequired
    );
}

#[test]
fn req_008_prompt_login_and_max_age_zero_force_a_new_sign_in() {
    for changes in [[("prompt", Some("login"))], [("max_age", Some("0"))]] {
        assert_eq!(step(&changes, Some(&session(1000)), Progress::default()), Step::SignIn);
        let done = Progress { signed_in: true, ..Progress::default() };
        assert_eq!(step(&changes, Some(&session(1000)), done), Step::Issue);
    }
}

#[test]
fn req_009_a_session_older_than_max_age_signs_in_again() {
    let age = [("max_age", Some("100"))];
    assert_eq!(step(&age, Some(&session(900)), Progress::default()), Step::Issue);
    assert_eq!(step(&age, Some(&session(899)), Progress::default()), Step::SignIn);
}

#[test]
fn req_010_a_hint_of_another_person_is_not_satisfied_by_this_session() {
    let hint = [("id_token_hint", Some("plex-7"))];
    assert_eq!(step(&hint, Some(&session(900)), Progress::default()), Step::SignIn);
    let signed_in = Progress { signed_in: true, ..Progress::default() };
    assert_eq!(step(&hint, Some(&session(900)), signed_in), Step::SignIn, "the wrong person signed in");
    let silent = [("id_token_hint", Some("plex-7")), ("prompt", Some("none"))];
    assert_eq!(
        refused(&step(&silent, Some(&session(900)), Progress::default())),
        AuthorizeErrorCode::LoginRequired
    );
    assert_eq!(
        step(&[("id_token_hint", Some("plex-42"))], Some(&session(900)), Progress::default()),
        Step::Issue
    );
}

#[test]
fn account_choice_and_consent_come_in_order_and_once() {
    let both = [("prompt", Some("select_account consent"))];
    let live = session(900);
    assert_eq!(step(&both, Some(&live), Progress::default()), Step::ChooseAccount);
    let chosen = Progress { account_chosen: true, ..Progress::default() };
    assert_eq!(step(&both, Some(&live), chosen), Step::Consent);
    let signed_in = Progress { signed_in: true, ..Progress::default() };
    assert_eq!(step(&both, Some(&live), signed_in), Step::Consent, "signing in was the choice");
    let all = Progress { consented: true, ..chosen };
    assert_eq!(step(&both, Some(&live), all), Step::Issue);
}

#[test]
fn req_028_a_client_that_anybody_could_be_never_gets_a_code_without_a_click() {
    let live = SessionFacts { impersonable: true, ..session(900) };
    assert_eq!(step(&[], Some(&live), Progress::default()), Step::ChooseAccount);
    let silent = step(&[("prompt", Some("none"))], Some(&live), Progress::default());
    assert_eq!(refused(&silent), AuthorizeErrorCode::InteractionRequired);
    for progress in [
        Progress { account_chosen: true, ..Progress::default() },
        Progress { signed_in: true, ..Progress::default() },
    ] {
        assert_eq!(step(&[], Some(&live), progress), Step::Issue);
    }
}

#[test]
fn somebody_who_may_not_is_told_on_our_page() {
    let denied = SessionFacts { decision: Decision::Deny(Denial::NotAllowedHere), ..session(900) };
    assert_eq!(step(&[], Some(&denied), Progress::default()), Step::Deny(Denial::NotAllowedHere));
    let unknown = SessionFacts { decision: Decision::Unknown, ..session(900) };
    assert_eq!(step(&[], Some(&unknown), Progress::default()), Step::SignIn);
}

#[test]
fn req_073_a_demanded_acr_is_that_of_the_session_or_of_a_new_sign_in() {
    let demand = |acr| format!(r#"{{"id_token":{{"acr":{{"essential":true,"value":"{acr}"}}}}}}"#);
    let (plex, password) = (demand(crate::claims::ACR_PLEX), demand(crate::claims::ACR_PASSWORD));
    let signed_in = Progress { signed_in: true, ..Progress::default() };
    let live = session(900);
    assert_eq!(step(&[("claims", Some(&plex))], Some(&live), Progress::default()), Step::Issue);
    let other = [("claims", Some(&*password))];
    assert_eq!(step(&other, Some(&live), Progress::default()), Step::SignIn, "another may have it");
    let unmet = AuthorizeErrorCode::UnmetAuthenticationRequirements;
    assert_eq!(refused(&step(&other, Some(&live), signed_in)), unmet, "and is not asked for ever");
    let silent = [("claims", Some(&*password)), ("prompt", Some("none"))];
    assert_eq!(refused(&step(&silent, Some(&live), Progress::default())), AuthorizeErrorCode::LoginRequired);
    let by_password = SessionFacts { acr: crate::claims::ACR_PASSWORD, ..session(900) };
    assert_eq!(step(&other, Some(&by_password), Progress::default()), Step::Issue);
}
