//! The client against a scripted server on loopback: what leaves, what is made of each answer, and what faults do.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use plex_oidc_core::id::{MachineId, PlexAccountId};
use plextv::{
    BaseUrls, ClientIdentity, Error, Oddity, Outage, PinId, PlexToken, PlexTv, ShareList, Timeouts,
};
use url::Url;

const IDENTIFIER: &str = "6b1e0000-0000-4000-8000-000000000001";
const CODE: &str = "k3v9tq0z7m1xw8b2r5n6c4jhd";
const TOKEN: &str = "canary-plex-token-01";
const DEAD: &str = r#"{"errors":[{"code":1001,"message":"User could not be authenticated","status":401}]}"#;

/// What the server does with one connection.
enum Reply {
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Closes without a word.
    HangUp,
    /// Says nothing until the other side leaves.
    Silence,
    /// Writes the head and then body bytes for as long as anybody reads, or 64 MiB.
    Endless(&'static str),
}

fn reply(status: u16, content_type: &str, body: &str) -> Reply {
    with_header(status, content_type, "x-none: 1", body)
}

fn with_header(status: u16, content_type: &str, header: &str, body: &str) -> Reply {
    let length = body.len();
    Reply::Bytes(
        format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {content_type}\r\n{header}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        )
        .into_bytes(),
    )
}

fn json(status: u16, body: &str) -> Reply {
    reply(status, "application/json; charset=utf-8", body)
}

fn xml(status: u16, body: &str) -> Reply {
    reply(status, "application/xml; charset=utf-8", body)
}

/// A server that gives its replies in order, one per connection, and then refuses to be connected to.
struct Script {
    base: Url,
    heads: Arc<Mutex<Vec<String>>>,
    sent: Arc<Mutex<usize>>,
}

impl Script {
    fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let (heads, sent) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
        let (log, count) = (Arc::clone(&heads), Arc::clone(&sent));
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                log.lock().unwrap().push(head(&mut stream));
                give(reply, &mut stream, &count);
            }
        });
        Self { base, heads, sent }
    }

    fn client(&self) -> PlexTv {
        self.client_within(Timeouts::default())
    }

    fn client_within(&self, timeouts: Timeouts) -> PlexTv {
        let place = |path| self.base.join(path).unwrap();
        let urls = BaseUrls { plex_tv: place("plextv/"), clients: place("clients"), app: place("app") };
        PlexTv::new(PlexTv::http_client_within(None, timeouts).unwrap(), urls, identity()).unwrap()
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    fn request_lines(&self) -> Vec<String> {
        self.heads().iter().map(|head| head.lines().next().unwrap().replace(" HTTP/1.1", "")).collect()
    }
}

fn head(stream: &mut TcpStream) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn give(reply: Reply, stream: &mut TcpStream, sent: &Mutex<usize>) {
    match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).unwrap(),
        Reply::HangUp => {}
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
        }
        Reply::Endless(head) => {
            stream.write_all(head.as_bytes()).unwrap();
            let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
            while *sent.lock().unwrap() < 64 * 1024 * 1024 && stream.write_all(chunk.as_bytes()).is_ok() {
                *sent.lock().unwrap() += 0x10000;
            }
        }
    }
}

fn identity() -> ClientIdentity {
    ClientIdentity {
        client_identifier: IDENTIFIER.into(),
        product: "Example sign-in".into(),
        version: "1.2.3".into(),
        platform: "Linux".into(),
        device_name: "auth.example.com".into(),
    }
}

fn token() -> PlexToken {
    PlexToken::parse(TOKEN).unwrap()
}

fn machine() -> MachineId {
    MachineId::parse(&"a".repeat(40)).unwrap()
}

fn pin(id: u64, code: &str, identifier: &str, auth_token: &str) -> String {
    format!(
        r#"{{"id":{id},"code":"{code}","product":"Example sign-in","clientIdentifier":"{identifier}","expiresIn":1800,
        "createdAt":"2026-05-04T10:00:00Z","expiresAt":"2026-05-04T10:30:00Z","authToken":{auth_token}}}"#
    )
}

fn our_pin(auth_token: &str) -> String {
    pin(7, CODE, IDENTIFIER, auth_token)
}

#[tokio::test]
async fn a_pin_is_made_under_our_name_and_without_a_token() {
    let plex = Script::new(vec![json(201, &our_pin("null")), json(200, &pin(8, "AB12", IDENTIFIER, "null"))]);
    let strong = plex.client().create_pin().await.unwrap();
    assert_eq!((strong.id, strong.code.as_str()), (PinId(7), CODE));
    let short = plex.client().create_link_pin().await.unwrap();
    assert_eq!((short.id, short.code.as_str()), (PinId(8), "AB12"));

    assert_eq!(
        plex.request_lines(),
        ["POST /clients/api/v2/pins?strong=true", "POST /clients/api/v2/pins"],
        "a base address may have a path"
    );
    let head = plex.heads()[0].clone();
    for line in [
        "accept: application/json",
        "user-agent: plex-oidc/",
        "x-plex-client-identifier: 6b1e0000-0000-4000-8000-000000000001",
        "x-plex-product: Example sign-in",
        "x-plex-version: 1.2.3",
        "x-plex-platform: Linux",
        "x-plex-device-name: auth.example.com",
    ] {
        assert!(head.contains(&format!("\r\n{line}")), "{line} in {head}");
    }
    assert!(!head.to_lowercase().contains("x-plex-token"));
}

#[tokio::test]
async fn a_pin_made_under_another_identifier_is_refused() {
    let plex = Script::new(vec![json(201, &pin(7, CODE, "another", "null"))]);
    assert!(matches!(plex.client().create_pin().await, Err(Error::Unexpected { status: 201, .. })));
}

#[tokio::test]
async fn a_pin_is_read_until_its_token_is_there() {
    let approved = our_pin(&format!("\"{TOKEN}\""));
    let plex = Script::new(vec![json(200, &our_pin("null")), json(200, &approved)]);
    assert!(plex.client().pin(PinId(7), CODE).await.unwrap().auth_token.is_none());
    let pin = plex.client().pin(PinId(7), CODE).await.unwrap();
    assert_eq!(pin.auth_token.as_ref().unwrap().expose(), TOKEN);
    assert!(!format!("{pin:?}").contains(TOKEN) && !format!("{pin:?}").contains(CODE));
    assert_eq!(plex.request_lines()[0], "GET /clients/api/v2/pins/7");
    assert!(!plex.heads()[0].to_lowercase().contains("x-plex-token"));
}

#[tokio::test]
async fn a_pin_that_is_not_exactly_ours_is_no_pin_even_with_a_token_in_it() {
    let token = format!("\"{TOKEN}\"");
    for answer in [
        pin(7, "another-code", IDENTIFIER, &token),
        pin(7, CODE, "another-identifier", &token),
        pin(8, CODE, IDENTIFIER, &token),
    ] {
        let plex = Script::new(vec![json(200, &answer)]);
        assert_eq!(plex.client().pin(PinId(7), CODE).await.unwrap_err(), Error::PinGone, "{answer}");
    }
    let plex =
        Script::new(vec![json(404, r#"{"errors":[{"code":1020,"message":"Code not found or expired"}]}"#)]);
    assert_eq!(plex.client().pin(PinId(7), CODE).await.unwrap_err(), Error::PinGone);
}

#[tokio::test]
async fn req_175_a_token_travels_in_a_header_and_shows_in_no_error() {
    let server = format!(
        r#"[{{"name":"Attic","clientIdentifier":"{}","provides":"server","owned":false,"home":true,"ownerId":1002003,
        "accessToken":"{TOKEN}"}}]"#,
        machine()
    );
    let odd = format!(r#"{{"id":"{TOKEN}"}}"#);
    let plex = Script::new(vec![
        json(200, r#"{"id":48151623,"title":"Mara","email":"mara@example.net","confirmed":true}"#),
        json(200, &server),
        json(200, &odd),
        json(403, &format!(r#"{{"errors":[{{"code":1043,"message":"{TOKEN}"}}]}}"#)),
    ]);
    let client = plex.client();
    assert_eq!(client.user(&token()).await.unwrap().id, PlexAccountId(48_151_623));
    let servers = client.resources(&token()).await.unwrap().servers;
    assert_eq!(servers[0].visible().owner, Some(PlexAccountId(1_002_003)));
    assert!(!format!("{servers:?}").contains(TOKEN));
    for _ in 0..2 {
        let error = client.user(&token()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
    assert_eq!(
        plex.request_lines(),
        [
            "GET /clients/api/v2/user",
            "GET /clients/api/v2/resources?includeHttps=1",
            "GET /clients/api/v2/user",
            "GET /clients/api/v2/user"
        ]
    );
    for head in plex.heads() {
        assert!(head.contains(&format!("\r\nx-plex-token: {TOKEN}\r\n")), "{head}");
        assert!(head.contains(IDENTIFIER));
    }
}

#[tokio::test]
async fn xml_is_understood_where_json_was_asked_for() {
    let plex = Script::new(vec![xml(200, r#"<user id="5" title="Mara" restricted="0"/>"#)]);
    assert_eq!(plex.client().user(&token()).await.unwrap().title.as_deref(), Some("Mara"));
}

#[tokio::test]
async fn only_a_clean_refusal_says_that_the_token_is_dead() {
    let plex = Script::new(vec![json(401, DEAD)]);
    assert!(plex.client().user(&token()).await.unwrap_err().says_token_is_dead());

    for fault in [
        reply(401, "text/html", "<html><body><h1>401 Unauthorized</h1></body></html>"),
        json(500, DEAD),
        reply(502, "text/html", "<html>We're sorry, but something went wrong</html>"),
        json(429, DEAD),
        reply(200, "text/html", "<html>Sign in to the hotel network</html>"),
        json(200, ""),
        json(200, "{}"),
        json(200, r#"{"id":481516"#),
        json(200, "[]"),
        json(410, ""),
        reply(302, "text/html", ""),
        Reply::HangUp,
        Reply::Bytes(b"not HTTP at all\r\n\r\n".to_vec()),
        Reply::Bytes(b"HTTP/1.1 401 X\r\ncontent-length: 100\r\n\r\n{\"errors\":[{\"code\":1001".to_vec()),
    ] {
        let plex = Script::new(vec![fault]);
        let error = plex.client().user(&token()).await.unwrap_err();
        assert!(!error.says_token_is_dead(), "{error:?}");
    }
}

#[tokio::test]
async fn a_rate_limit_tells_how_long_to_wait() {
    for (header, expected) in
        [("retry-after: 17", Some(17)), ("retry-after: soon", None), ("x-none: 1", None)]
    {
        let plex = Script::new(vec![with_header(429, "application/json", header, "")]);
        let error = plex.client().pin(PinId(7), CODE).await.unwrap_err();
        assert_eq!(error, Error::RateLimited { retry_after: expected.map(Duration::from_secs) });
    }
}

#[tokio::test]
async fn a_server_error_counts_by_its_status_even_if_its_page_breaks_off() {
    let torn = "HTTP/1.1 503 X\r\nretry-after: 30\r\ncontent-length: 9999\r\n\r\n<html>";
    let plex = Script::new(vec![Reply::Bytes(torn.into()), Reply::HangUp]);
    let error = plex.client().user(&token()).await.unwrap_err();
    let retry_after = Some(Duration::from_secs(30));
    assert_eq!(error, Error::Unavailable { outage: Outage::Status(503), retry_after });
}

#[tokio::test]
async fn req_158_no_redirect_is_followed() {
    let elsewhere = Script::new(vec![json(200, r#"{"id":5}"#)]);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}", elsewhere.base);
        let plex = Script::new(vec![with_header(status, "application/json", &location, "")]);
        let error = plex.client().user(&token()).await.unwrap_err();
        assert_eq!(error, Error::Unexpected { status, oddity: Oddity::Status });
    }
    assert!(elsewhere.heads().is_empty(), "the token did not leave for elsewhere");
}

#[tokio::test]
async fn req_158_an_endless_answer_is_cut_at_one_mebibyte() {
    let head = "HTTP/1.1 200 X\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    let plex = Script::new(vec![Reply::Endless(head)]);
    let error = plex.client().user(&token()).await.unwrap_err();
    assert_eq!(error, Error::Unexpected { status: 200, oddity: Oddity::TooLarge });
    let plex = Script::new(vec![
        Reply::Endless(head),
        json(200, &own_servers()),
        Reply::Endless(head),
        Reply::Endless(head),
    ]);
    let error = plex.client().accepted_shares(&token()).await.unwrap_err();
    assert_eq!(error, Error::Unexpected { status: 200, oddity: Oddity::TooLarge }, "lists are cut at four");
    // What fits into the buffers of both sockets leaves the server as well: by default some 10 MiB for each of the three.
    assert!(*plex.sent.lock().unwrap() < 64 * 1024 * 1024);
}

#[tokio::test]
async fn req_158_a_silent_server_is_given_up() {
    let timeouts = Timeouts { connect: Duration::from_millis(50), total: Duration::from_millis(50) };
    let plex = Script::new(vec![Reply::Silence]);
    let error = plex.client_within(timeouts).user(&token()).await.unwrap_err();
    assert_eq!(error, Error::Unavailable { outage: Outage::TimedOut, retry_after: None });
    assert_eq!(Timeouts::default().connect, Duration::from_secs(5));
    assert_eq!(Timeouts::default().total, Duration::from_secs(10));
}

#[tokio::test]
async fn req_158_a_connection_that_cannot_be_trusted_is_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"id\":5}").unwrap();
        while matches!(stream.read(&mut [0; 1024]), Ok(1..)) {}
    });
    let urls =
        BaseUrls { clients: Url::parse(&format!("https://{address}")).unwrap(), ..BaseUrls::default() };
    let client = PlexTv::new(PlexTv::http_client(None).unwrap(), urls, identity()).unwrap();
    let error = client.user(&token()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { outage: Outage::Tls(_), .. }), "{error:?}");
}

#[tokio::test]
async fn a_read_that_lost_its_connection_is_tried_once_more() {
    let plex = Script::new(vec![Reply::HangUp, json(200, r#"{"id":5}"#)]);
    assert!(plex.client().user(&token()).await.is_ok());
    assert_eq!(plex.heads().len(), 2);

    let torn = || Reply::Bytes(b"HTTP/1.1 200 X\r\ncontent-length: 9\r\n\r\n{\"id\"".to_vec());
    let plex = Script::new(vec![torn(), torn(), json(200, r#"{"id":5}"#)]);
    let error = plex.client().user(&token()).await.unwrap_err();
    assert_eq!(error, Error::Unavailable { outage: Outage::Interrupted, retry_after: None });
    assert_eq!(plex.heads().len(), 2, "once");
}

#[tokio::test]
async fn what_changes_something_is_not_tried_again_nor_is_what_plex_refused() {
    let plex = Script::new(vec![Reply::HangUp, json(201, &our_pin("null"))]);
    assert!(plex.client().create_pin().await.unwrap_err().is_transient());
    assert_eq!(plex.heads().len(), 1);
    let plex = Script::new(vec![json(503, ""), json(200, r#"{"id":5}"#)]);
    assert!(plex.client().user(&token()).await.unwrap_err().is_transient());
    assert_eq!(plex.heads().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_an_outage() {
    let plex = Script::new(vec![json(200, r#"{"id":5}"#)]);
    let client = plex.client();
    client.user(&token()).await.unwrap();
    // Whether the script's listener has closed by now or a moment later, nobody answers.
    assert!(client.user(&token()).await.unwrap_err().is_transient());
}

fn by_invitation() -> String {
    format!(
        r#"[{{"invitedId":5,"accepted":true,"machineIdentifier":"{}","libraries":[{{"key":1}}]}}]"#,
        machine()
    )
}

fn own_servers() -> String {
    format!(
        r#"[{{"clientIdentifier":"{}","provides":"server","owned":true}},
        {{"clientIdentifier":"{}","provides":"server","owned":false,"ownerId":9}}]"#,
        machine(),
        "b".repeat(40)
    )
}

const BY_SERVER: &str = r#"<MediaContainer size="1"><SharedServer userID="6" acceptedAt="1700000000" allLibraries="1"/></MediaContainer>"#;

#[tokio::test]
async fn shares_come_from_the_newest_list_that_still_exists() {
    let plex = Script::new(vec![json(200, &by_invitation())]);
    let shares = plex.client().accepted_shares(&token()).await.unwrap().shares;
    assert_eq!((shares[0].account, shares[0].library_keys.as_slice()), (PlexAccountId(5), &[1][..]));
    assert_eq!(plex.request_lines(), ["GET /clients/api/v2/shared_servers/owned/accepted"]);

    let removed = r#"<Response code="410" status="This endpoint was deprecated and removed"/>"#;
    let plex = Script::new(vec![xml(410, removed), json(200, &own_servers()), xml(200, BY_SERVER)]);
    let shares = plex.client().accepted_shares(&token()).await.unwrap().shares;
    assert_eq!((shares[0].account, &shares[0].machine), (PlexAccountId(6), &machine()));
    let path = format!("GET /plextv/api/servers/{}/shared_servers", machine());
    assert_eq!(plex.request_lines()[1..], ["GET /clients/api/v2/resources?includeHttps=1".to_owned(), path]);
    assert!(plex.heads()[2].contains("accept: application/xml"));

    let contacts = format!(
        r#"<MediaContainer size="1"><User id="7"><Server machineIdentifier="{}" pending="0"/></User></MediaContainer>"#,
        machine()
    );
    let missing = r#"{"status":404,"error":"Not Found"}"#;
    let plex = Script::new(vec![
        json(404, missing),
        json(200, &own_servers()),
        xml(410, removed),
        xml(200, &contacts),
    ]);
    let shares = plex.client().accepted_shares(&token()).await.unwrap().shares;
    assert_eq!((shares[0].account, shares[0].libraries_known), (PlexAccountId(7), false));
    assert_eq!(plex.request_lines()[3], "GET /plextv/api/users");
}

#[tokio::test]
async fn a_second_opinion_comes_from_another_list() {
    let removed = || json(410, "");
    let (servers, contacts) = (|| xml(200, BY_SERVER), || xml(200, r#"<MediaContainer size="0"/>"#));
    let of_server = format!("/plextv/api/servers/{}/shared_servers", machine());
    let (of_all, of_contacts) = ("/clients/api/v2/shared_servers/owned/accepted", "/plextv/api/users");
    for (first, script, answers, asked) in [
        (ShareList::Invitations, vec![servers()], Some((ShareList::Servers, 1)), vec![&*of_server]),
        (
            ShareList::Invitations,
            vec![removed(), contacts()],
            Some((ShareList::Contacts, 0)),
            vec![&*of_server, of_contacts],
        ),
        (ShareList::Servers, vec![contacts()], Some((ShareList::Contacts, 0)), vec![of_contacts]),
        (
            ShareList::Contacts,
            vec![removed(), json(200, &by_invitation())],
            Some((ShareList::Invitations, 1)),
            vec![&*of_server, of_all],
        ),
        (ShareList::Contacts, vec![removed(), removed()], None, vec![&*of_server, of_all]),
        (ShareList::Invitations, vec![json(503, "")], None, vec![&*of_server]),
    ] {
        let plex = Script::new(script);
        let opinion = plex.client().second_opinion(&token(), first, &[machine()]).await;
        let told = opinion.as_ref().ok().map(|told| (told.list, told.shares.len()));
        assert_eq!(told, answers, "{first:?}");
        let asked: Vec<_> = asked.into_iter().map(|path| format!("GET {path}")).collect();
        assert_eq!(plex.request_lines(), asked, "{first:?}");
    }
}

#[tokio::test]
async fn a_home_is_read_in_every_spelling() {
    let residents = r#"[{"id":5,"admin":true},{"id":"6","admin":0,"username":null}]"#;
    let (object, array) = (format!(r#"{{"id":1,"users":{residents}}}"#), residents.to_owned());
    let elements =
        r#"<MediaContainer size="2"><User id="5" admin="1"/><User id="6" admin="0"/></MediaContainer>"#;
    let nested = r#"<home id="1"><users><user id="5"/><user id="6"/></users></home>"#;
    for answer in [json(200, &object), json(200, &array), xml(200, elements), xml(200, nested)] {
        let plex = Script::new(vec![answer]);
        assert_eq!(plex.client().home(&token()).await.unwrap(), [PlexAccountId(5), PlexAccountId(6)]);
        assert_eq!(plex.request_lines(), ["GET /plextv/api/v2/home/users"]);
    }
    let plex = Script::new(vec![xml(200, elements)]);
    let older = plex.client().home_by_the_older_list(&token()).await;
    assert_eq!(older.unwrap(), [PlexAccountId(5), PlexAccountId(6)]);
    assert_eq!(plex.request_lines(), ["GET /plextv/api/home/users"]);
    let none = r#"{"errors":[{"code":1002,"message":"Resource not found","status":404}]}"#;
    let part = r#"<MediaContainer size="3"><User id="5" admin="1"/></MediaContainer>"#;
    for odd in [
        json(404, none),
        xml(200, part),
        json(200, "{}"),
        json(200, r#"{"users":[{"admin":true}]}"#),
        json(200, r#"{"users":null}"#),
        xml(200, "<home/>"),
    ] {
        let error = Script::new(vec![odd]).client().home(&token()).await.unwrap_err();
        assert!(matches!(error, Error::Unexpected { .. }), "{error}");
    }
}

#[tokio::test]
async fn an_outage_or_a_dead_owner_token_is_not_papered_over_by_an_older_list() {
    for (fault, dead) in [(json(503, ""), false), (json(429, ""), false), (json(401, DEAD), true)] {
        let plex = Script::new(vec![fault, json(200, &own_servers()), xml(200, BY_SERVER)]);
        let error = plex.client().accepted_shares(&token()).await.unwrap_err();
        assert_eq!((error.says_token_is_dead(), error.is_transient()), (dead, !dead));
        assert_eq!(plex.heads().len(), 1);
    }
    let plex = Script::new(vec![json(410, ""), json(200, &own_servers()), reply(502, "text/html", "")]);
    assert!(plex.client().accepted_shares(&token()).await.unwrap_err().is_transient());
    let signed_out = "<errors><error>Please sign in.</error></errors>";
    let plex = Script::new(vec![json(410, ""), json(200, &own_servers()), xml(401, signed_out)]);
    assert!(plex.client().accepted_shares(&token()).await.unwrap_err().says_token_is_dead());
}

#[tokio::test]
async fn the_libraries_come_from_either_list() {
    let newest = r#"{"librarySections":[{"id":1,"key":3,"title":"Movies","type":"movie"}]}"#;
    let oldest =
        r#"<MediaContainer><Server><Section key="4" title="TV" type="show"/></Server></MediaContainer>"#;
    let plex = Script::new(vec![json(200, newest), json(404, ""), xml(200, oldest)]);
    let client = plex.client();
    assert_eq!(client.server_libraries(&token(), &machine()).await.unwrap()[0].key, 3);
    assert_eq!(client.server_libraries(&token(), &machine()).await.unwrap()[0].key, 4);
    let path = |version| format!("GET /plextv/api/{version}servers/{}", machine());
    assert_eq!(plex.request_lines(), [path("v2/"), path("v2/"), path("")]);
}

#[tokio::test]
async fn a_ping_proves_that_plex_answers_and_that_the_token_lives() {
    let plex = Script::new(vec![
        json(200, r#"{"pong":true}"#),
        json(200, r#"{"pong":true}"#),
        json(401, DEAD),
        reply(200, "text/html", "<html>pong</html>"),
    ]);
    let client = plex.client();
    client.ping(Some(&token())).await.unwrap();
    client.ping(None).await.unwrap();
    assert!(client.ping(Some(&token())).await.unwrap_err().says_token_is_dead());
    assert!(client.ping(None).await.is_err());
    assert_eq!(plex.request_lines()[0], "GET /plextv/api/v2/ping");
    let with_token: Vec<_> = plex.heads().iter().map(|head| head.contains(TOKEN)).collect();
    assert_eq!(with_token, [true, false, true, false]);
}

#[tokio::test]
async fn signing_out_ends_a_token_once_or_twice() {
    let plex = Script::new(vec![
        Reply::Bytes(b"HTTP/1.1 204 X\r\nconnection: close\r\n\r\n".to_vec()),
        json(401, DEAD),
        json(500, ""),
    ]);
    let client = plex.client();
    client.sign_out(&token()).await.unwrap();
    client.sign_out(&token()).await.unwrap();
    assert!(client.sign_out(&token()).await.unwrap_err().is_transient());
    assert_eq!(plex.request_lines()[0], "DELETE /plextv/api/v2/users/signout");
}

#[tokio::test]
async fn an_address_that_cannot_carry_a_path_is_an_error_and_no_panic() {
    let urls = BaseUrls { clients: Url::parse("mailto:plex@example.com").unwrap(), ..BaseUrls::default() };
    let client = PlexTv::new(PlexTv::http_client(None).unwrap(), urls, identity()).unwrap();
    let error = client.user(&token()).await.unwrap_err();
    assert_eq!(error, Error::Unexpected { status: 0, oddity: Oddity::Address });
}
