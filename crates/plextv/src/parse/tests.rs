use plex_oidc_core::account::PlexFacts;
use plex_oidc_core::id::{AccountId, MachineId, PlexAccountId};
use plex_oidc_core::membership::Share;
use plex_oidc_core::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{Library, Resources, Server, Unreadable};

mod lists;

const PIN: &str = r#"{ "id": 1873300412, "code": "k3v9tq0z7m1xw8b2r5n6c4jhd", "product": "Example sign-in",
  "trusted": false, "qr": "https://plex.tv/api/v2/pins/qr/k3v9tq0z7m1xw8b2r5n6c4jhd", "clientIdentifier": "our-id",
  "location": { "code": "NL", "city": "Utrecht", "coordinates": "52.09, 5.12" }, "expiresIn": 1799,
  "createdAt": "2026-05-04T10:00:00Z", "expiresAt": "2026-05-04T10:30:00.000Z", "authToken": null,
  "newRegistration": null, "pmsIdentifier": null }"#;

const PIN_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<pin id="1873300412" code="k3v9tq0z7m1xw8b2r5n6c4jhd" product="Example sign-in" trusted="0" clientIdentifier="our-id"
  expiresIn="1799" createdAt="2026-05-04T10:00:00Z" expiresAt="2026-05-04T10:30:00Z" authToken="" newRegistration="">
  <location code="NL"/></pin>"#;

const USER: &str = r#"{ "id": 48151623, "uuid": "5f0c2a9d7b3e1846", "username": "mara.k", "title": "Mara",
  "email": "mara@example.net", "friendlyName": "", "locale": null, "confirmed": true, "joinedAt": 1501239900,
  "thumb": "https://plex.tv/users/5f0c2a9d7b3e1846/avatar?c=1712345678", "authToken": "xxxxxxxxxxxxxxxxxxxx",
  "subscription": { "active": true, "status": "Active", "features": ["pass", "home"] }, "restricted": false,
  "anonymous": null, "home": true, "guest": false, "homeSize": 3, "homeAdmin": false, "twoFactorEnabled": true,
  "services": [ { "secret": "s" } ], "attributionPartner": null }"#;

const USER_XML: &str = r#"<user id="48151623" uuid="5f0c2a9d7b3e1846" username="mara.k" title="Mara"
  email="mara@example.net" friendlyName="" confirmed="1" joinedAt="1501239900" thumb="https://plex.tv/users/5f0c2a9d7b3e1846/avatar?c=1712345678"
  restricted="0" home="1" guest="0" homeAdmin="0" twoFactorEnabled="1" authToken="xxxxxxxxxxxxxxxxxxxx">
  <subscription active="1"><features><feature id="pass"/></features></subscription></user>"#;

const USERS_XML: &str = r#"<MediaContainer friendlyName="myPlex" machineIdentifier="x" totalSize="4" size="4">
 <User id="48151623" title="Mara" username="mara.k" email="mara@example.net" home="0" allowTuners="1" allowSync="1">
  <Server id="555001" machineIdentifier="MMMM" name="Attic" numLibraries="3" allLibraries="0" owned="1" pending="0"/>
 </User>
 <User id="48151700" title="Nil" username="nil" email="nil@example.net" home="0"/>
 <User id="48151701" title="Pia" username="pia" home="0">
  <Server id="555002" machineIdentifier="MMMM" allLibraries="1" owned="1" pending="1"/>
 </User>
 <User id="48151702" title="Olga" username="olga" home="0">
  <Server id="555003" machineIdentifier="NNNN" allLibraries="1" owned="0" pending="0"/>
 </User>
</MediaContainer>"#;

const SHARES_XML: &str = r#"<MediaContainer friendlyName="myPlex" machineIdentifier="x" size="3">
 <SharedServer id="555001" username="mara.k" userID="48151623" accessToken="SECRET" name="Attic" acceptedAt="1700000000"
  invitedAt="1699000000" allowSync="0" allowTuners="2" owned="0" allLibraries="0">
  <Section id="118000001" key="1" title="Movies" type="movie" shared="1"/>
  <Section id="118000002" key="2" title="TV" type="show" shared="0"/></SharedServer>
 <SharedServer id="555002" username="" userID="48151999" accessToken="SECRET2" acceptedAt="1700000001" allLibraries="1"/>
 <SharedServer id="555003" username="pia" userID="48151701" invitedAt="1699000000" allLibraries="1"/>
</MediaContainer>"#;

fn machine(digit: char) -> MachineId {
    MachineId::parse(&digit.to_string().repeat(40)).unwrap()
}

/// The fixture with machine identifiers of the right length in it.
fn with_machines(text: &str) -> String {
    text.replace("MMMM", machine('a').as_str()).replace("NNNN", machine('b').as_str())
}

fn resource() -> Value {
    json!({ "name": "Attic", "product": "Plex Media Server", "platform": null, "clientIdentifier": "a".repeat(40),
        "provides": "server", "ownerId": 1_002_003, "sourceTitle": "attic-owner", "accessToken": "yyyyyyyyyyyyyyyyyyyy",
        "owned": false, "home": false, "presence": false, "connections": [{ "protocol": "https", "port": 32400 }] })
}

fn share() -> Value {
    json!({ "id": 555_001, "name": "Attic", "ownerId": 1_002_003, "invitedId": 48_151_623, "invitedEmail": null,
        "accepted": true, "acceptedAt": "2025-01-11T01:11:31Z", "deletedAt": null, "leftAt": null, "owned": true,
        "inviteToken": "SECRET", "machineIdentifier": "a".repeat(40), "numLibraries": 2, "allLibraries": false,
        "libraries": [{ "id": 118_000_001, "key": 1, "title": "Movies", "type": "movie" }, { "key": "4" }],
        "sharingSettings": { "allowSync": true, "allowTuners": 0, "filterMovies": "" },
        "invited": { "id": 48_151_623, "username": "mara.k", "sharingSettings": {} } })
}

/// `value` with the fields of `changes` put over it.
fn with(mut value: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { unreachable!() };
    value.as_object_mut().unwrap().extend(changes);
    value
}

fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().unwrap().remove(field).unwrap();
    value
}

fn resources(rows: &[Value]) -> Result<Vec<Server>, Malformed> {
    parse_resources(json!(rows).to_string().as_bytes())?.whole()
}

fn shares(rows: &[Value]) -> Result<Vec<Share>, Malformed> {
    parse_shares_json(json!(rows).to_string().as_bytes())
}

#[test]
fn a_pin_reads_alike_in_both_formats() {
    for pin in [parse_pin(PIN.as_bytes()).unwrap(), parse_pin_xml(PIN_XML.as_bytes()).unwrap()] {
        assert_eq!(pin.id, PinId(1_873_300_412));
        assert!(pin.is("k3v9tq0z7m1xw8b2r5n6c4jhd", "our-id"));
        assert_eq!(pin.product.as_deref(), Some("Example sign-in"));
        assert_eq!((pin.created_at, pin.expires_at), (Timestamp(1_777_888_800), Timestamp(1_777_890_600)));
        assert_eq!(pin.remaining(), Duration::from_secs(1799));
        assert!(pin.auth_token.is_none());
    }
    let approved = PIN.replace(r#""authToken": null"#, r#""authToken": "tttttttttttttttttttt""#);
    let token = parse_pin(approved.as_bytes()).unwrap().auth_token.unwrap();
    assert_eq!(token.expose(), "tttttttttttttttttttt");
    let approved = PIN_XML.replace(r#"authToken="""#, r#"authToken="tttttttttttttttttttt""#);
    let token = parse_pin_xml(approved.as_bytes()).unwrap().auth_token.unwrap();
    assert_eq!(token.expose(), "tttttttttttttttttttt");
}

#[test]
fn a_pin_may_leave_out_what_is_only_for_show() {
    let value: Value = serde_json::from_str(PIN).unwrap();
    for field in
        ["qr", "location", "trusted", "product", "newRegistration", "pmsIdentifier", "expiresIn", "authToken"]
    {
        let pin = parse_pin(without(value.clone(), field).to_string().as_bytes());
        assert!(pin.is_ok(), "{field}");
    }
    for field in ["id", "code", "clientIdentifier", "createdAt", "expiresAt"] {
        let pin = parse_pin(without(value.clone(), field).to_string().as_bytes());
        assert_eq!(pin.unwrap_err(), Malformed::Field(field));
    }
    let pin = parse_pin(without(value, "expiresIn").to_string().as_bytes()).unwrap();
    assert_eq!(pin.remaining(), Duration::from_mins(30));
}

#[test]
fn a_pin_is_the_one_asked_for_only_with_its_code_and_identifier() {
    let pin = parse_pin(PIN.as_bytes()).unwrap();
    for (code, identifier) in [
        ("k3v9tq0z7m1xw8b2r5n6c4jhD", "our-id"),
        ("k3v9tq0z7m1xw8b2r5n6c4jh", "our-id"),
        ("k3v9tq0z7m1xw8b2r5n6c4jhdd", "our-id"),
        ("", "our-id"),
        ("k3v9tq0z7m1xw8b2r5n6c4jhd", "another-id"),
    ] {
        assert!(!pin.is(code, identifier), "{code} {identifier}");
    }
}

#[test]
fn an_unreadable_token_is_not_taken_for_none() {
    for odd in [r#""a b""#, "[]", "true"] {
        let odd = PIN.replace(r#""authToken": null"#, &format!(r#""authToken": {odd}"#));
        assert_eq!(parse_pin(odd.as_bytes()).unwrap_err(), Malformed::Field("authToken"), "{odd}");
    }
}

#[test]
fn an_account_reads_alike_in_both_formats() {
    let user = parse_user(USER.as_bytes()).unwrap();
    assert_eq!(user, parse_user_xml(USER_XML.as_bytes()).unwrap());
    let account = user.account();
    assert_eq!(
        (account.id, account.display_name.as_str()),
        (AccountId::Plex(PlexAccountId(48_151_623)), "Mara")
    );
    assert_eq!(account.email.as_deref(), Some("mara@example.net"));
    assert!(account.email_confirmed && !account.managed && !account.anonymous);
    assert_eq!(user.friendly_name, None, "empty means absent");
    assert!(user.home && !user.home_admin && !user.guest);
    let facts = PlexFacts {
        plex_pass: Some(true),
        two_factor: Some(true),
        joined_at: Some(Timestamp(1_501_239_900)),
    };
    assert_eq!(account.facts, facts);
}

#[test]
fn what_plex_does_not_say_of_an_account_is_not_taken_for_no() {
    let read = |changes: Value| {
        let user = with(serde_json::from_str(USER).unwrap(), changes);
        parse_user(user.to_string().as_bytes()).map(|user| user.account().facts)
    };
    for nothing in [json!(null), json!("")] {
        let changes = json!({ "twoFactorEnabled": nothing, "subscription": { "active": nothing }, "joinedAt": nothing });
        assert_eq!(read(changes).unwrap(), PlexFacts::default());
    }
    assert_eq!(read(json!({ "subscription": null })).unwrap().plex_pass, None);
    let no = read(json!({ "twoFactorEnabled": false, "subscription": { "active": 0 } })).unwrap();
    assert_eq!((no.two_factor, no.plex_pass), (Some(false), Some(false)));
    for odd in [json!(0), json!(-5), json!("long ago"), json!([]), json!(true)] {
        assert_eq!(read(json!({ "joinedAt": odd })).unwrap().joined_at, None, "{odd}");
    }
    assert_eq!(
        read(json!({ "joinedAt": "2017-07-28T11:05:00Z" })).unwrap().joined_at,
        Some(Timestamp(1_501_239_900))
    );
    let odd = read(json!({ "twoFactorEnabled": "perhaps" }));
    assert_eq!(odd.unwrap_err(), Malformed::Field("twoFactorEnabled"));
}

#[test]
fn a_managed_user_has_neither_name_nor_address() {
    let user = with(
        serde_json::from_str(USER).unwrap(),
        json!({ "username": "", "email": "", "title": "Kid", "restricted": true, "confirmed": true, "thumb": "" }),
    );
    let account = parse_user(user.to_string().as_bytes()).unwrap().account();
    assert_eq!((account.username, account.email, account.picture), (None, None, None));
    assert!(account.managed);
    assert!(!account.email_confirmed, "no address, nothing confirmed");
    assert_eq!(account.display_name, "Kid");
}

#[test]
fn an_account_without_any_name_is_shown_by_its_number() {
    let account = parse_user(br#"{"id":"5"}"#).unwrap().account();
    assert_eq!(
        (account.id, account.display_name.as_str()),
        (AccountId::Plex(PlexAccountId(5)), "Plex account 5")
    );
}

#[test]
fn an_account_without_a_number_is_nobody() {
    for body in ["{}", r#"{"id":0}"#, r#"{"id":null}"#, r#"{"id":"x"}"#, r#"{"id":-5}"#, r#"{"id":1.5}"#] {
        assert_eq!(parse_user(body.as_bytes()), Err(Malformed::Field("id")), "{body}");
    }
    assert_eq!(parse_user(br#"[{"id":5}]"#), Err(Malformed::Document));
    assert_eq!(parse_user_xml(br#"<pin id="5"/>"#), Err(Malformed::Document));
    assert_eq!(parse_user(br#"{"id":5,"restricted":"maybe"}"#), Err(Malformed::Field("restricted")));
}

#[test]
fn a_pong_is_a_pong() {
    assert!(parse_pong(br#"{"pong":true}"#).is_ok());
    assert!(parse_pong_xml(b"<pong>true</pong>").is_ok());
    for odd in ["{}", r#"{"pong":false}"#, "[]", ""] {
        assert!(parse_pong(odd.as_bytes()).is_err(), "{odd}");
    }
    for odd in ["<pong/>", "<pong>false</pong>", "<html>true</html>"] {
        assert!(parse_pong_xml(odd.as_bytes()).is_err(), "{odd}");
    }
}

#[test]
fn req_158_answers_are_read_to_a_depth_of_32() {
    let json = |depth: usize| format!(r#"{{"id":5,"x":{}{}}}"#, "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(parse_user(json(32).as_bytes()).is_ok());
    assert_eq!(parse_user(json(33).as_bytes()).unwrap_err(), Malformed::TooDeep);
    assert_eq!(parse_user(json(100_000).as_bytes()).unwrap_err(), Malformed::TooDeep);
    let brackets_in_text = format!(r#"{{"id":5,"x":"\"{}"}}"#, "[".repeat(1000));
    assert!(parse_user(brackets_in_text.as_bytes()).is_ok());

    let xml = |depth: usize| {
        format!(r#"<user id="5">{}{}</user>"#, "<x>".repeat(depth - 1), "</x>".repeat(depth - 1))
    };
    assert!(parse_user_xml(xml(32).as_bytes()).is_ok());
    assert_eq!(parse_user_xml(xml(33).as_bytes()).unwrap_err(), Malformed::TooDeep);
    assert!(parse_user_xml(xml(100_000).as_bytes()).is_err(), "and the stack holds");
}

#[test]
fn req_158_answers_are_read_to_a_size_of_one_mebibyte() {
    let json = |size: usize| format!(r#"{{"id":5,"x":"{}"}}"#, "x".repeat(size - 15));
    assert_eq!(json(MAX_BODY).len(), MAX_BODY);
    assert!(parse_user(json(MAX_BODY).as_bytes()).is_ok());
    assert_eq!(parse_user(json(MAX_BODY + 1).as_bytes()).unwrap_err(), Malformed::TooLarge);
    let xml = format!(r#"<user id="5">{}</user>"#, "<x/>".repeat(MAX_BODY / 4));
    assert_eq!(parse_user_xml(xml.as_bytes()).unwrap_err(), Malformed::TooLarge);
}

#[test]
fn xml_that_costs_more_than_it_says_is_refused() {
    let document_type = r#"<!DOCTYPE u [<!ENTITY a "aaaa">]><user id="5" title="&a;"/>"#;
    assert_eq!(parse_user_xml(document_type.as_bytes()).unwrap_err(), Malformed::Xml);
    let attributes = (0..60_000).map(|n| format!(" a{n}=''")).collect::<Vec<_>>().concat();
    let attributes = format!("<user id='5'{attributes}/>");
    assert_eq!(parse_user_xml(attributes.as_bytes()).unwrap_err(), Malformed::TooLarge);
    let namespaces = (0..20_000).map(|n| format!("<x xmlns:a{n}='b'>")).collect::<Vec<_>>().concat();
    let namespaces = format!("<user id='5'>{namespaces}");
    assert_eq!(parse_user_xml(namespaces.as_bytes()).unwrap_err(), Malformed::Document);
    let nodes = format!("<user id='5'>{}</user>", "<x/>".repeat(100_000));
    assert_eq!(parse_user_xml(nodes.as_bytes()).unwrap_err(), Malformed::Xml);
    assert_eq!(parse_user_xml(b"<user id='5' title='\xff'/>").unwrap_err(), Malformed::Xml);
}

#[test]
fn a_refusal_is_read_in_either_format() {
    let refusal = |body: &str| parse_refusal(body.as_bytes());
    let with_code = Some(Refusal { code: Some(1020), message: Some("gone".into()) });
    assert_eq!(refusal(r#"{"errors":[{"code":1020,"message":"gone"}]}"#), with_code);
    assert_eq!(refusal(r#" <errors><error code="1020" message="gone"/></errors>"#), with_code);
    for odd in
        ["", "{}", "[]", r#"{"errors":{}}"#, r#"{"errors":[]}"#, "<errors/>", "<html/>", "502 Bad Gateway"]
    {
        assert_eq!(refusal(odd), None, "{odd}");
    }
}

/// Everything there is to parse with.
fn parse_everything(body: &[u8]) {
    let _ = (parse_pin(body), parse_pin_xml(body), parse_user(body), parse_user_xml(body));
    let _ = (parse_resources(body), parse_resources_xml(body), parse_shares_json(body));
    let _ = (parse_shares_xml(body, &machine('a')), parse_users_xml(body));
    let _ = (parse_libraries(body), parse_libraries_xml(body), parse_pong(body), parse_pong_xml(body));
    let _ = parse_refusal(body);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9 ]{0,8}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("id".to_owned()),
        Just("libraries".to_owned()),
        Just("errors".to_owned()),
        "[a-z]{0,6}"
    ];
    leaf.prop_recursive(3, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const FIXTURES: [&str; 6] = [PIN, PIN_XML, USER, USER_XML, USERS_XML, SHARES_XML];

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        parse_everything(&body);
    }

    #[test]
    fn no_damage_to_an_honest_answer_makes_a_parser_panic(
        fixture in 0..FIXTURES.len(), at in any::<prop::sample::Index>(), cut in 0_usize..40, put in "[<>&\"\\[\\]{},:0-9a-z]{0,4}",
    ) {
        let mut body = FIXTURES[fixture].as_bytes().to_vec();
        let at = at.index(body.len());
        let end = (at + cut).min(body.len());
        body.splice(at..end, put.bytes());
        parse_everything(&body);
    }

    #[test]
    fn whatever_a_field_holds_an_account_keeps_its_number_or_is_refused(
        field in prop::sample::select(vec!["username", "title", "email", "confirmed", "restricted", "home", "subscription", "thumb"]),
        value in any_json(),
    ) {
        let user = with(serde_json::from_str(USER).unwrap(), json!({ field: value }));
        if let Ok(user) = parse_user(user.to_string().as_bytes()) {
            prop_assert_eq!(user.id, PlexAccountId(48_151_623));
        }
    }

    /// The rule that keeps people in: a list is read whole or not at all. No damage to one row loses another.
    #[test]
    fn an_odd_row_never_hides_an_honest_one(odd in any_json()) {
        if let Ok(list) = resources(&[resource(), odd.clone()]) {
            prop_assert!(list.iter().any(|server| server.machine == machine('a')));
        }
        if let Ok(list) = shares(&[odd, share()]) {
            prop_assert!(list.iter().any(|share| share.account == PlexAccountId(48_151_623)));
        }
    }
}
