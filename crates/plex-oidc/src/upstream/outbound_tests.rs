use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that answers every request with `answer`, and counts connections. It keeps them open.
async fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (port, calls) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&calls);
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            open.push(stream);
        }
    });
    (port, calls)
}

fn here() -> Reach {
    Reach { networks: vec!["127.0.0.0/8".parse().unwrap()], hosts: Vec::new() }
}

fn outbound(reach: Reach, look_up: LookUp, longest: Duration) -> Outbound {
    Outbound::new(None, reach, look_up, longest).unwrap()
}

/// A name server that gives each list once, in turn, and counts how often it was asked.
fn names(answers: Vec<Vec<&'static str>>) -> (LookUp, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let look_up: LookUp = Arc::new(move |_| {
        let turn = count.fetch_add(1, Ordering::SeqCst);
        let found = answers[turn.min(answers.len() - 1)].iter().map(|text| text.parse().unwrap()).collect();
        Box::pin(async move { Ok(found) })
    });
    (look_up, asked)
}

fn url(host: &str, port: u16) -> Url {
    Url::parse(&format!("http://{host}:{port}/bye?key=canary-key")).unwrap()
}

const OK: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[tokio::test]
async fn req_160_a_listed_private_address_is_called_and_no_other() {
    let (port, calls) = server(OK).await;
    let (nobody, asked) = names(vec![vec![]]);
    let try_at = async |reach: Reach, host: &str| {
        outbound(reach, Arc::clone(&nobody), LONGEST).post_form(&url(host, port), &[("a", "b")]).await
    };
    assert_eq!(try_at(here(), "127.0.0.1").await.unwrap(), StatusCode::NO_CONTENT);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"] {
        assert!(matches!(try_at(Reach::default(), host).await, Err(OutboundError::Forbidden)), "{host}");
    }
    for host in ["169.254.169.254", "2852039166", "[fe80::1]", "[fd00:ec2::254]", "0.0.0.0", "[::]"] {
        assert!(matches!(try_at(here(), host).await, Err(OutboundError::Forbidden)), "{host}");
    }
    assert_eq!((calls.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (1, 0));
}

#[tokio::test]
async fn req_159_160_a_name_is_resolved_once_and_judged_by_what_it_is_connected_to() {
    let (port, calls) = server(OK).await;
    let none = async |answers: Vec<Vec<&'static str>>| {
        let (look_up, asked) = names(answers);
        let answer = outbound(here(), look_up, LONGEST).post_form(&url("rp.example", port), &[]).await;
        assert!(matches!(answer, Err(OutboundError::Forbidden)), "{answer:?}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    };
    none(vec![vec!["169.254.169.254"]]).await;
    none(vec![vec!["::ffff:169.254.169.254", "10.0.0.1"]]).await;
    // One that turns bad, then good: there is no second look at it.
    none(vec![vec!["169.254.169.254"], vec!["127.0.0.1"]]).await;
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    // And the other way round: the good answer is the one that is connected to.
    let (look_up, asked) = names(vec![vec!["169.254.169.254", "127.0.0.1"], vec!["169.254.169.254"]]);
    let answer = outbound(here(), look_up, LONGEST).post_form(&url("rp.example", port), &[]).await;
    assert_eq!(answer.unwrap(), StatusCode::NO_CONTENT);
    assert_eq!((calls.load(Ordering::SeqCst), asked.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn req_160_no_redirect_is_followed() {
    let (elsewhere, calls) = server(OK).await;
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:{elsewhere}/\r\ncontent-length: 0\r\n\r\n"
    );
    let (port, _) = server(answer.leak()).await;
    let outbound = outbound(here(), system_look_up(), LONGEST);
    let status = outbound.post_form(&url("127.0.0.1", port), &[]).await.unwrap();
    assert_eq!((status, calls.load(Ordering::SeqCst)), (StatusCode::TEMPORARY_REDIRECT, 0));
}

#[tokio::test]
async fn req_120_a_silent_server_is_given_up_and_no_error_tells_the_address() {
    let (port, _) = server("").await;
    let short = outbound(here(), system_look_up(), Duration::from_millis(50));
    let answer = short.post_form(&url("127.0.0.1", port), &[("logout_token", "canary-token")]).await;
    assert_eq!(answer.unwrap_err().to_string(), "it did not answer: it took too long");
    let (broken, _) = server("hello\r\n\r\n").await;
    let outbound = outbound(here(), system_look_up(), LONGEST);
    let answer = outbound.post_form(&url("127.0.0.1", broken), &[("logout_token", "canary-token")]).await;
    let said = format!("{answer:?} {}", answer.as_ref().unwrap_err());
    assert!(said.contains("it did not answer") && !said.contains("canary"), "{said}");
}
