//! Whom an assertion speaks for, and what it tells of them.

use super::*;

#[test]
fn a_service_token_is_never_a_person() {
    let assertion = ask(&service()).unwrap();
    let common_name = "e367826f93b8d71185e03fe518aff3b4.access".to_owned();
    assert_eq!(assertion.principal, AccessPrincipal::ServiceToken { common_name: common_name.clone() });
    // Even should Access ever put them there.
    let custom = json!({"custom": {"email": "owner@example.com", "sub": "plex-1", "common_name": "x"}, "country": "AT"});
    let assertion = ask(&with(service(), custom)).unwrap();
    assert_eq!(assertion.principal, AccessPrincipal::ServiceToken { common_name: common_name.clone() });
    for name in ["email", "sub", "country", "plex_token"] {
        assert_eq!(assertion.claim_text(name), None, "{name}");
    }
    assert_eq!(assertion.claim_text("common_name"), Some(common_name));
}

#[test]
fn what_is_neither_a_person_nor_a_service_token_is_refused() {
    for (what, payload) in [
        ("both", with(person(), json!({"common_name": "a.access"}))),
        ("a service token with an address", with(service(), json!({"email": "pat@example.com"}))),
        ("a service token with a subject", with(service(), json!({"sub": "7335d417"}))),
        ("a service token that says nothing of a subject", with(service(), json!({"sub": null}))),
        ("a service token without a name", with(service(), json!({"common_name": ""}))),
        ("nothing at all", with(service(), json!({"common_name": null, "sub": null}))),
        ("a person without an address", with(person(), json!({"email": null}))),
        ("a person with an empty address", with(person(), json!({"email": ""}))),
        ("a person without an id", with(person(), json!({"sub": null}))),
        ("a person with an empty id", with(person(), json!({"sub": ""}))),
        ("an id with a line break", with(person(), json!({"sub": "a\nb"}))),
        ("a name with a blank", with(service(), json!({"common_name": "a b"}))),
    ] {
        assert_eq!(ask(&payload).map(|_| ()), Err(AccessError::NoPrincipal), "{what}");
    }
    for email in [
        "a@evil.test@good.test",
        "\"a@evil.test\"@good.test",
        "a@good.test.",
        "@good.test",
        "a@",
        "a",
        "a b@good.test",
        " a@good.test",
        "a@good.test,b@good.test",
        "a@good.test\r\nX: y",
        "\u{430}@good.test",
        "a@g\u{fc}d.test",
        &format!("{}@good.test", "a".repeat(250)),
    ] {
        let refused = ask(&with(person(), json!({"email": email}))).map(|_| ());
        assert_eq!(refused, Err(AccessError::NoPrincipal), "{email}");
    }
    assert_eq!(
        ask(&with(person(), json!({"email": ["a@b.test"]}))).map(|_| ()),
        jwt(JwtError::WrongType("email"))
    );
    assert_eq!(ask(&with(service(), json!({"sub": 0}))).map(|_| ()), jwt(JwtError::WrongType("sub")));
    let named_empty = with(person(), json!({"common_name": ""}));
    assert!(matches!(ask(&named_empty).unwrap().principal, AccessPrincipal::Person { .. }));
}

#[test]
fn our_subject_comes_through_the_custom_claims_or_not_at_all() {
    let subject = |custom: Value| {
        ask(&with(person(), json!({"custom": custom}))).map(|assertion| match assertion.principal {
            AccessPrincipal::Person { plex_subject, .. } => plex_subject.map(|subject| subject.to_string()),
            AccessPrincipal::ServiceToken { .. } => panic!("a service token"),
        })
    };
    let found = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(subject(json!({"sub": "plex-7"})), found("plex-7"));
    assert_eq!(subject(json!({"plex_sub": "plex-7"})), found("plex-7"));
    assert_eq!(subject(json!({"plex_sub": "plex-7", "sub": "plex-7"})), found("plex-7"));
    assert_eq!(subject(json!({"plex_sub": "plex-7", "sub": "google-oauth2|1"})), found("plex-7"));
    assert_eq!(subject(json!({"plex_sub": "plex-7", "sub": "plex-8"})), Err(AccessError::TwoPeople));
    for nothing in [
        json!(null),
        json!({}),
        json!({"sub": "plex-07"}),
        json!({"sub": "PLEX-7"}),
        json!({"sub": Subject::pairwise([7; 32])}),
        json!({"sub": 7}),
        json!({"sub": ["plex-7"]}),
        json!({"other": "plex-7"}),
        json!([["sub", "plex-7"]]),
        json!("plex-7"),
        json!(7),
    ] {
        assert_eq!(subject(nothing.clone()), Ok(None), "{nothing}");
    }
    let outside = with(person(), json!({"custom": null, "plex_sub": "plex-1"}));
    assert!(matches!(ask(&outside).unwrap().principal, AccessPrincipal::Person { plex_subject: None, .. }));
}

#[test]
fn claims_for_headers_come_from_the_custom_claims_and_a_few_others() {
    let custom = json!({
        "plex_token": "canary", "groups": ["plex-friend", "a,b"], "level": 3, "flag": false, "nested": {"a": 1},
        "email": "other@example.com", "country": {"odd": 1}, "long": "x".repeat(5 * 1024), "cr": "a\rb",
        "forwarded_for": "127.0.0.1", "common_name": "a.access",
    });
    let assertion = ask(&with(person(), json!({"custom": custom, "name": "not released"}))).unwrap();
    for (name, expected) in [
        ("plex_token", Some("canary")),
        ("groups", Some("plex-friend,a%2Cb")),
        ("level", Some("3")),
        ("flag", Some("false")),
        ("forwarded_for", Some("127.0.0.1")), // by this name; a header of its own it is only where the host maps it
        ("email", Some("Pat@Example.com")),
        ("sub", Some("7335d417-61da-459d-899c-0a01c76a2f94")),
        ("country", None),
        ("nested", None),
        ("long", None),
        ("cr", None),
        ("absent", None),
        ("name", None),
        ("aud", None),
        ("iss", None),
        ("exp", None),
        ("type", None),
        ("custom", None),
        ("identity_nonce", None),
        ("common_name", None),
        ("", None),
    ] {
        assert_eq!(assertion.claim_text(name).as_deref(), expected, "{name}");
    }
    for custom in [json!(null), json!([]), json!("text"), json!(5), json!({})] {
        let assertion = ask(&with(person(), json!({"custom": custom}))).unwrap();
        assert_eq!(assertion.claim_text("plex_token"), None, "{custom}");
        assert_eq!(assertion.claim_text("country").as_deref(), Some("AT"));
    }
}
