//! Who a client is, and how it shows that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use url::form_urlencoded::byte_serialize;

use super::code;
use crate::support::{Answer, ClientAuth, House, RelyingParty, Setup, post_form, secret_of};

const ODD_ID: &str = "odd:%+~id";
const ODD_SECRET: &str = "p:%+/ =&~ 0123456789 abcdefghijklm";

/// A refresh with a token of nobody: `invalid_grant` shows that the client was believed.
const FIELDS: [(&str, &str); 2] = [("grant_type", "refresh_token"), ("refresh_token", "por_x")];

async fn with_header(house: &House, header: &str) -> Answer {
    let mut request = post_form("/token", &FIELDS);
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
    house.door.send(request).await
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn encode(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn error(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[track_caller]
fn is_believed(answer: &Answer) {
    assert_eq!(error(answer), (400, "invalid_grant".to_owned()), "{answer:?}");
    assert_eq!(answer.header("www-authenticate"), None);
}

#[track_caller]
fn is_refused(answer: &Answer) {
    assert_eq!(error(answer), (401, "invalid_client".to_owned()), "{answer:?}");
}

#[tokio::test]
async fn req_046_credentials_are_read_form_decoded_and_raw() {
    let house = Setup::default()
        .client(ODD_ID, "redirect_uris = [\"https://odd.example.org/cb\"]\nsecret_file = \"odd.txt\"")
        .client("plain", "secret_file = \"odd.txt\"")
        .file("odd.txt", ODD_SECRET)
        .start()
        .await;
    is_believed(&with_header(&house, &basic(&encode(ODD_ID), &encode(ODD_SECRET))).await);
    // `%20` for a space is as good as `+`.
    is_believed(&with_header(&house, &basic(&encode(ODD_ID), &encode(ODD_SECRET).replace('+', "%20"))).await);
    // Raw, as Cloudflare Access sends it: only an identifier without a colon can be told apart.
    is_believed(&with_header(&house, &basic("plain", ODD_SECRET)).await);
    is_believed(&with_header(&house, &basic("plain", &encode(ODD_SECRET))).await);
    is_believed(&with_header(&house, &basic("plain", &encode(ODD_SECRET)).replace("Basic", "bAsIc")).await);
    is_refused(&with_header(&house, &basic("plain", &encode(&encode(ODD_SECRET)))).await);
    is_refused(&with_header(&house, &basic("plain", ODD_SECRET.trim_end_matches('m'))).await);
}

#[tokio::test]
async fn req_047_two_ways_in_one_request_are_refused() {
    let house = House::new().await;
    let secret = secret_of("photos");
    for (more, expected) in [
        (vec![("client_secret", &*secret)], "invalid_request"),
        (vec![("client_id", "photos"), ("client_secret", &*secret)], "invalid_request"),
        (vec![("client_id", "wiki")], "invalid_request"),
        (vec![("client_id", "photos")], "invalid_grant"),
    ] {
        let photos = house.relying_party("photos");
        let answer = photos.token(&[FIELDS.to_vec(), more].concat()).await;
        assert_eq!(error(&answer), (400, expected.to_owned()), "{answer:?}");
    }
    let mut twice = house.relying_party("photos").token_request(&FIELDS);
    let header = HeaderValue::from_str(&basic("photos", &secret)).unwrap();
    twice.headers_mut().append(AUTHORIZATION, header);
    assert_eq!(error(&house.door.send(twice).await), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn req_048_only_the_registered_method_works_and_a_refusal_spends_nothing() {
    let house = House::new().await;
    for id in ["photos", "wiki", "tv"] {
        let registered = house.relying_party(id);
        let (asked, code) = code(&house, &registered).await;
        let ways = [
            ClientAuth::Basic(secret_of(id)),
            ClientAuth::Post(secret_of(id)),
            ClientAuth::Basic(String::new()),
            ClientAuth::Post(String::new()),
            ClientAuth::Public,
            ClientAuth::Nothing,
        ];
        for way in ways {
            // An empty parameter counts as absent (RFC 6749 s. 3.1), so this is the public way.
            let is_public_way = matches!(&way, ClientAuth::Post(secret) if secret.is_empty());
            if way == registered.auth || (is_public_way && registered.auth == ClientAuth::Public) {
                continue;
            }
            let basic = matches!(way, ClientAuth::Basic(_));
            let other: RelyingParty = registered.authenticating(way);
            let answer = other.redeem(&asked, &code).await;
            is_refused(&answer);
            assert_eq!(answer.header("www-authenticate").is_some(), basic, "{answer:?}");
        }
        registered.redeem(&asked, &code).await.expect(200);
    }
}

#[tokio::test]
async fn req_049_unknown_client_and_wrong_secret_get_the_same_answer() {
    let house = Setup::default().client("off", "enabled = false").start().await;
    let whole = |answer: Answer| (answer.status, answer.headers, answer.body);
    let wrong = whole(with_header(&house, &basic("photos", "wrong")).await);
    assert_eq!(wrong.0, 401);
    assert!(wrong.1["www-authenticate"].to_str().unwrap().starts_with("Basic "), "{:?}", wrong.1);
    let off = basic("off", &secret_of("off"));
    let another_method = basic("wiki", &secret_of("wiki"));
    for header in [
        basic("nobody", "wrong"),
        basic("", ""),
        "Basic !".to_owned(),
        "Bearer x".to_owned(),
        off,
        another_method,
    ] {
        assert_eq!(whole(with_header(&house, &header).await), wrong, "{header}");
    }
    let posted = async |id: &str, secret: &str| {
        let fields = [FIELDS.to_vec(), vec![("client_id", id), ("client_secret", secret)]].concat();
        whole(house.door.send(post_form("/token", &fields)).await)
    };
    let wrong = posted("wiki", "wrong").await;
    assert_eq!((wrong.0, wrong.1.contains_key("www-authenticate")), (401, false));
    assert_eq!(posted("nobody", "wrong").await, wrong);
}

/// Not measured: what takes time is the same on both ways, because both hash what was sent and compare hashes in
/// constant time (`Pair::opens`). Here is only that no way ends before the client was looked at.
#[tokio::test]
async fn req_049_nothing_of_the_request_is_judged_before_the_client() {
    let house = House::new().await;
    let nobody = house.relying_party("photos").authenticating(ClientAuth::Basic("wrong".to_owned()));
    for fields in [
        vec![],
        vec![("grant_type", "password")],
        vec![("grant_type", "authorization_code")],
        vec![("grant_type", "refresh_token"), ("refresh_token", "x"), ("refresh_token", "y")],
    ] {
        is_refused(&nobody.token(&fields).await);
    }
}

#[tokio::test]
async fn req_050_two_secrets_work_while_one_replaces_the_other() {
    let (old, new) = (secret_of("photos"), format!("{}-new", secret_of("photos")));
    let mut house = Setup::default().file("photos.secret", &format!("{old}\n{new}\n")).start().await;
    for secret in [&old, &new] {
        let photos = house.relying_party("photos").authenticating(ClientAuth::Basic(secret.clone()));
        is_believed(&photos.token(&FIELDS).await);
    }
    house.restart_with(|setup| setup.file("photos.secret", &new)).await;
    let photos = house.relying_party("photos");
    is_refused(&photos.authenticating(ClientAuth::Basic(old)).token(&FIELDS).await);
    is_believed(&photos.authenticating(ClientAuth::Basic(new.clone())).token(&FIELDS).await);
    let stored = house.database_bytes();
    assert!(
        !stored.windows(new.len()).any(|window| window == new.as_bytes()),
        "the secret is in the database"
    );
}
