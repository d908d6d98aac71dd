//! Connections that want too much, on real sockets.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use http::Request;
use http::header::CONTENT_LENGTH;
use plex_oidc::lifecycle::ConnectionLimits;
use plex_oidc::ready::ReadyAnswers;
use plex_oidc::router;
use tower::ServiceExt as _;

use super::{HEALTH, HEALTH_ONCE, Line, SHORT, exchange, serve};
use crate::support::House;

fn status(answer: &str) -> &str {
    answer.split("\r\n").next().unwrap().trim_start_matches("HTTP/1.1 ")
}

/// How long it takes.
fn timed<T>(act: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (act(), started.elapsed())
}

const IN_TIME: std::ops::Range<Duration> = Duration::from_millis(300)..Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_head_that_never_ends_is_cut_by_the_timer() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    for start in ["", "G", "GET /healthz HTTP/1.1\r\nhost: auth.example.com\r\nx-slow: "] {
        let (answer, took) = timed(|| exchange(address, start));
        assert!(!answer.contains(" 200 "), "{answer}");
        assert!(IN_TIME.contains(&took), "{took:?} after {start:?}");
    }
    assert_eq!(status(&exchange(address, HEALTH_ONCE)), "200 OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timer_counts_the_whole_head_and_not_each_byte() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    let mut line = Line::open(address);
    let ((), took) = timed(|| {
        for _ in 0..100 {
            if !line.send("x") {
                break;
            }
            std::thread::sleep(Duration::from_millis(30)); // the pace of a slow client is the subject
        }
    });
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_idles_between_requests_is_closed() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    let (answer, took) = timed(|| exchange(address, HEALTH));
    assert_eq!(status(&answer), "200 OK");
    assert!(IN_TIME.contains(&took), "{took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_oversized_head_is_431_and_an_oversized_address_414() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    let with =
        |headers: &str| format!("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
    let large = with(&format!("cookie: {}\r\n", "x".repeat(40 * 1024)));
    let answer = exchange(address, large);
    assert!(status(&answer).starts_with("431 "), "{answer}");
    let many = "x-one: y\r\n".repeat(150);
    assert!(status(&exchange(address, with(&many))).starts_with("431 "));
    let fits = with(&format!("cookie: {}\r\n", "x".repeat(16 * 1024)));
    assert_eq!(status(&exchange(address, fits)), "200 OK");
    let get = |query: usize| {
        format!("GET /healthz?{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "q".repeat(query))
    };
    assert_eq!(status(&exchange(address, get(8 * 1024))), "200 OK");
    assert!(status(&exchange(address, get(8 * 1024 + 1))).starts_with("414 "));
    assert!(status(&exchange(address, get(40 * 1024))).starts_with('4'));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_055_a_body_of_65_kib_is_413_with_and_without_a_length() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    let head = "POST /token HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                content-type: application/x-www-form-urlencoded\r\n";
    let body = "x".repeat(65 * 1024);
    let counted = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    assert!(status(&exchange(address, counted)).starts_with("413 "));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    assert!(status(&exchange(address, chunked)).starts_with("413 "));
    let small = format!("{head}content-length: 3\r\n\r\na=b");
    assert!(status(&exchange(address, small)).starts_with("401 "));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_055_a_body_that_does_not_come_is_408() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    for path in ["/token", "/sign-out"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             cookie: __Host-plex-oidc-session=pob_{}\r\ncontent-length: 100\r\n\r\na=b",
            "A".repeat(43)
        );
        let (answer, took) = timed(|| exchange(address, head));
        assert!(IN_TIME.contains(&took), "{took:?} at {path}");
        if path == "/token" {
            assert!(status(&answer).starts_with("408 "), "{answer}");
            assert!(answer.contains("\"error\":\"invalid_request\""), "{answer}");
        }
        assert!(status(&answer).starts_with('4'), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_055_the_timer_counts_the_whole_body_and_not_each_byte() {
    let house = House::new().await;
    let mut line = Line::open(serve(&house, SHORT).await.address);
    line.send(b"POST /token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\n");
    let (answer, took) = timed(|| {
        for _ in 0..20 {
            line.send(b"a");
            std::thread::sleep(Duration::from_millis(100));
        }
        line.rest()
    });
    assert!(status(&answer).starts_with("408 "), "{answer} after {took:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beyond_the_limit_of_connections_others_wait_their_turn() {
    let house = House::new().await;
    let patient = ConnectionLimits { connections: 2, header_timeout: Duration::from_secs(6), ..SHORT };
    let address = serve(&house, patient).await.address;
    let mut held: Vec<Line> = (0..2).map(|_| Line::open(address)).collect();
    for line in &mut held {
        line.send(HEALTH);
        assert!(line.until("ok\n").contains(" 200 "));
    }
    let mut third = Line::open(address);
    third.send(HEALTH_ONCE);
    assert!(third.is_silent(), "it was served though both places are taken");
    drop(held.pop());
    assert_eq!(status(&third.rest()), "200 OK");
}

/// Whoever asks and never reads the answer must not keep a place for ever.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_never_reads_loses_its_place() {
    let house = House::new().await;
    let address = serve(&house, ConnectionLimits { connections: 1, ..SHORT }).await.address;
    let mut deaf = Line::open(address);
    deaf.0.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let asked = "GET /.well-known/openid-configuration HTTP/1.1\r\nhost: a\r\n\r\n".repeat(100);
    // Until neither side takes anything any more.
    while deaf.send(&asked) {}
    assert_eq!(status(&exchange(address, HEALTH_ONCE)), "200 OK");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_24_what_is_no_http_harms_nobody() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    let mut table: Vec<Vec<u8>> = [
        "\r\n\r\n\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET http://[::1 HTTP/1.1\r\nhost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST /token HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzzzz\r\n",
        "GET /%00%ff HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        "GET /authorize?%=%&&&=;%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    table.push(vec![0x16, 0x03, 0x01, 0x02, 0x00, 0x01]); // a TLS greeting
    for bytes in table {
        let answer = exchange(address, &bytes);
        assert!(answer.is_empty() || status(&answer).starts_with('4'), "{answer}");
    }
    assert_eq!(status(&exchange(address, HEALTH_ONCE)), "200 OK");
}

/// The lines of an answer that the router decides about, sorted, and its body.
fn parts(answer: &str) -> (Vec<String>, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let of_the_connection = ["date:", "connection:", "content-length:"];
    let lines = head.lines().filter(|line| !of_the_connection.iter().any(|name| line.starts_with(name)));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort();
    (lines, body)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_126_a_ready_answer_is_the_routers_own() {
    let house = House::new().await;
    let address = serve(&house, SHORT).await.address;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks"] {
        let request = Request::get(path).header("origin", "https://elsewhere.example").body(Body::empty());
        let (request, router) = (request.unwrap(), router::router(house.app(), super::LIMITS));
        assert_eq!(
            ReadyAnswers::of(&router, Arc::clone(&house.app().keys)).answer(&request).is_some(),
            !path.ends_with("-server"),
            "{path}"
        );
        let answer = router.oneshot(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let mut lines = vec![format!("HTTP/1.1 {}", head.status)];
        let headers = head.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH);
        lines.extend(headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
        lines.sort();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        assert!(lines.iter().any(|line| line == "access-control-allow-origin: *"), "{lines:?}");
        assert!(lines.iter().any(|line| line == "x-content-type-options: nosniff"), "{lines:?}");

        let asked = |method: &str| {
            let head =
                format!("{method} {path} HTTP/1.1\r\nhost: a\r\norigin: https://elsewhere.example\r\n");
            exchange(address, format!("{head}connection: close\r\n\r\n"))
        };
        assert_eq!(parts(&asked("GET")), (lines.clone(), body.as_str()), "{path}");
        assert_eq!(parts(&asked("HEAD")), (lines, ""), "{path}");
        assert!(asked("DELETE").starts_with("HTTP/1.1 405 "), "{path}");
    }
}
