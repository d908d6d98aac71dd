//! Ending well (invariant I-20).

use std::net::TcpStream;
use std::time::{Duration, Instant};

use plex_oidc::lifecycle::ConnectionLimits;
use plex_oidc::router::{Limits, MAX_BODY_BYTES};

use super::{HEALTH, Line, SHORT, Served, serve, serve_within};
use crate::support::House;

/// A limit that nothing here may run into: what has ended after half of it was not ended by the limit, however busy the
/// machine is.
const LONG: Duration = Duration::from_mins(1);

/// Stops, and says how long it took until the loop had ended.
async fn stop(house: &House, served: Served) -> Duration {
    let started = Instant::now();
    house.stop.send_replace(true);
    tokio::time::timeout(LONG / 2, served.ended).await.expect("it went to a limit").unwrap().unwrap();
    started.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_20_a_running_request_finishes_and_nobody_new_comes_in() {
    let house = House::new().await;
    let of_requests = Limits { body: LONG, answer: LONG, body_bytes: MAX_BODY_BYTES };
    let served = serve_within(&house, ConnectionLimits { drain: LONG, ..SHORT }, of_requests).await;
    let address = served.address;
    let mut running = Line::open(address);
    running.send(
        "POST /token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: 22\r\nexpect: 100-continue\r\n\r\n",
    );
    assert!(running.until("\r\n\r\n").contains("100 Continue"), "the handler reads the body now");
    let stopping = tokio::spawn(async move { stop(&house, served).await });
    while TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await; // until nobody listens any more
    }
    assert!(running.is_silent() && !stopping.is_finished(), "it ended before the request did");
    running.send("grant_type=password&a=");
    let answer = running.rest();
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("invalid_client"), "{answer}");
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_20_idle_connections_do_not_delay_the_end() {
    let house = House::new().await;
    let patient = ConnectionLimits { header_timeout: LONG, drain: LONG, ..SHORT };
    let served = serve(&house, patient).await;
    let mut idle: Vec<Line> = (0..20).map(|_| Line::open(served.address)).collect();
    for line in &mut idle {
        line.send(HEALTH);
        line.until("ok\n");
    }
    stop(&house, served).await;
    for line in &mut idle {
        assert_eq!(line.rest(), "");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_20_an_open_event_stream_lets_go() {
    let house = House::new().await;
    let served = serve(&house, ConnectionLimits { drain: LONG, ..SHORT }).await;
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("photos").authorization().url()).await;
    browser.start(&page).await;
    let cookies = browser.cookie_header().unwrap();
    for (end, marker) in [("events", "text/event-stream"), ("status", "")] {
        let mut line = Line::open(served.address);
        line.send(format!(
            "GET /sign-in/{}/{end} HTTP/1.1\r\nhost: a\r\ncookie: {}\r\n\r\n",
            page.attempt(),
            cookies.to_str().unwrap()
        ));
        if marker.is_empty() {
            assert!(line.is_silent(), "the long poll waits");
        } else {
            assert!(line.until("\r\n\r\n").contains(marker));
        }
        std::mem::forget(line); // stays open, whatever the other side does
    }
    stop(&house, served).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_20_whoever_does_not_finish_is_left_behind_at_the_limit() {
    let house = House::new().await;
    let patient = ConnectionLimits { header_timeout: LONG, ..SHORT };
    let served = serve(&house, patient).await;
    let mut slow: Vec<Line> = (0..50).map(|_| Line::open(served.address)).collect();
    for line in &mut slow {
        line.send("GET /healthz HTTP/1.1\r\nx-slow: ");
    }
    let mut last = Line::open(served.address);
    last.send(HEALTH);
    last.until("ok\n"); // all before it are accepted
    let took = stop(&house, served).await;
    assert!(took >= SHORT.drain, "{took:?}: they were not waited for");
}
