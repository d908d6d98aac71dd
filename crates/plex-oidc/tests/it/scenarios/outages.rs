//! plex.tv does not answer, in every way that it can (F-01 to F-10; I-07, I-08).

use futures_util::future::join_all;
use plex_oidc::metrics::RoundOutcome;
use plextv_emulator::{Fault, FaultKind, VirtualHost};

use super::*;

/// What goes wrong, and how it ends.
enum Outage {
    /// plex.tv answers so, on every path.
    Answers(FaultKind),
    /// Nothing that can be talked to is at plex.tv's address.
    At(String),
}

impl Outage {
    async fn begin(&self, house: &mut House) {
        match self {
            Self::Answers(kind) => house.plex.fails(kind.clone()),
            Self::At(base) => house.restart_with(|setup| setup.plex_at(Some(base))).await,
        }
    }

    async fn end(&self, house: &mut House) {
        match self {
            Self::Answers(_) => house.plex.recovers(),
            Self::At(_) => house.restart_with(|setup| setup.plex_at(None)).await,
        }
    }
}

fn answers(status: u16, media_type: &str, body: impl Into<String>) -> Outage {
    Outage::Answers(FaultKind::Answer { status, media_type: media_type.to_owned(), body: body.into() })
}

/// Half an hour of an outage: nobody inside notices, nobody new comes in, the log says it once; and then it is over.
async fn half_an_hour_of(outage: Outage, why: &str) {
    let mut house = setup().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    assert!(round(&house).await, "{why}");
    let log = Log::start();
    outage.begin(&mut house).await;
    for _ in 0..6 {
        assert!(!round(&house).await, "{why}: a round that came to nothing");
        for person in &mut inside {
            person.is_in(why).await;
        }
    }
    let (of_lists, said): (Vec<_>, Vec<_>) =
        log.take_warnings().into_iter().partition(|line| line.starts_with("WARN plextv::shares"));
    assert!(of_lists.len() <= 3, "{why}: once for each list that is not usable: {of_lists:#?}");
    assert_eq!(said.len(), 1, "{why}: {said:#?}");
    assert!(said[0].contains("who is a member could not be asked; what was known before serves"), "{said:?}");
    let unanswered = house.app().metrics.rounds.of(RoundOutcome::Unanswered);
    assert_eq!(unanswered, 6, "{why}: the figure for it");

    // The first of the newcomers may have to wait until plex.tv is given up, the others need not.
    let mut seen = newcomer(&house).await;
    says_that_plex_is_down(&seen.1, why);
    for _ in 0..6 {
        seen = newcomer(&house).await;
        says_that_plex_is_down(&seen.1, why);
    }
    assert!(seen.2 <= AT_ONCE, "{why}: {:?}", seen.2);
    let said = log.take_warnings();
    assert_eq!(said.len(), 7, "{why}: one line for each of them: {said:#?}");

    outage.end(&mut house).await;
    house.pass(PAUSE);
    assert!(recheck::round(house.app()).await, "{why}: looked after again");
    assert_eq!(house.app().membership.known().trouble, None, "{why}");
    comes_in(&house, seen.0, &seen.1, why).await;
    for person in &mut inside {
        person.is_in(why).await;
    }
    if matches!(outage, Outage::Answers(_)) {
        let again = log.take().iter().filter(|line| line.contains("who is a member is known again")).count();
        assert_eq!(again, 1, "{why}");
    }
    // And the owner's word counts as before.
    house.plex.world().unshare("friend").unwrap();
    assert!(round(&house).await, "{why}");
    let [friend, home] = &mut inside;
    friend.is_out(why).await;
    home.is_in(why).await;
}

/// The answer does not come in the ten seconds that plex.tv has. These are real: the time-out is what is played.
async fn as_long_as_plex_may_take(kind: FaultKind, why: &str) {
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    assert!(round(&house).await);
    let log = Log::start();
    house.plex.fails(kind);
    house.pass(house.config.recheck_every);
    let began = Instant::now();
    let newcomers = join_all((0..5).map(|_| newcomer(&house)));
    let (is_settled, newcomers) = tokio::join!(recheck::round(house.app()), newcomers);
    assert!(!is_settled && began.elapsed() <= PATIENCE, "{why}: {:?}", began.elapsed());
    for (_, page, took) in &newcomers {
        says_that_plex_is_down(page, why);
        assert!(*took <= PATIENCE, "{why}: {took:?}");
    }
    friend.is_in(why).await;
    let of_round = log.take_warnings().into_iter().filter(|line| line.contains("who is a member")).count();
    assert_eq!(of_round, 1, "{why}");

    // Six that failed: plex.tv is left alone now, and nobody waits.
    let (browser, page, took) = newcomer(&house).await;
    says_that_plex_is_down(&page, why);
    assert!(took <= AT_ONCE, "{why}: {took:?}");
    house.plex.recovers();
    house.pass(PAUSE);
    assert!(recheck::round(house.app()).await, "{why}");
    comes_in(&house, browser, &page, why).await;
    friend.is_in(why).await;
}

#[tokio::test]
async fn f_01_i_07_i_08_plex_that_never_answers_is_given_up_in_time_and_changes_nothing() {
    as_long_as_plex_may_take(FaultKind::Delay { millis: 60_000 }, "F-01").await;
}

#[tokio::test]
async fn f_10_i_08_plex_that_drips_is_given_up_in_time_and_changes_nothing() {
    as_long_as_plex_may_take(FaultKind::Drip { millis: 1_000 }, "F-10").await;
}

#[tokio::test]
async fn f_02_i_07_500_502_and_503_are_an_outage() {
    half_an_hour_of(Outage::Answers(FaultKind::ServerError), "500").await;
    half_an_hour_of(Outage::Answers(FaultKind::BadGateway), "502").await;
    half_an_hour_of(answers(503, "text/html", "<h1>Service Unavailable</h1>"), "503").await;
}

#[tokio::test]
async fn f_03_i_07_i_08_too_many_requests_are_an_outage_and_the_pause_that_plex_asks_for_is_kept() {
    half_an_hour_of(Outage::Answers(FaultKind::RateLimited { retry_after: None }), "429").await;
    let house = setup().start().await;
    let mut friend = Inside::of(&house, "friend").await;
    assert!(round(&house).await);
    house.plex.fails(FaultKind::RateLimited { retry_after: Some(240) });
    let log = Log::start();
    for _ in 0..5 {
        assert!(!round(&house).await);
    }
    house.plex.recovers();
    house.plex.world().clear_request_log();
    for _ in 0..23 {
        house.pass(Seconds(10));
        recheck::round(house.app()).await;
        friend.is_in("a pause was asked for").await;
    }
    assert!(house.plex.world().request_log().is_empty(), "230 seconds of 240");
    let (_, page, took) = newcomer(&house).await;
    says_that_plex_is_down(&page, "a pause was asked for");
    assert!(took <= AT_ONCE, "{took:?}");
    house.pass(Seconds(10));
    assert!(recheck::round(house.app()).await);
    assert!(!house.plex.world().request_log().is_empty());
    let of_rounds = log.take_warnings().into_iter().filter(|line| line.contains("who is a member")).count();
    assert_eq!(of_rounds, 1);
}

#[tokio::test]
async fn f_04_i_07_a_connection_that_cannot_be_trusted_is_an_outage() {
    // Something is there, and speaks no TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::io::AsyncWriteExt::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    });
    half_an_hour_of(Outage::At(format!("https://{address}")), "F-04").await;
}

#[tokio::test]
async fn f_05_i_07_a_name_that_is_not_found_is_an_outage() {
    // No resolver has to be asked: a label has 63 characters at most.
    half_an_hour_of(Outage::At(format!("https://{}.example", "x".repeat(64))), "F-05").await;
}

#[tokio::test]
async fn f_06_i_07_a_page_in_the_place_of_an_answer_says_nothing_about_anybody() {
    half_an_hour_of(answers(200, "text/html; charset=utf-8", "<!DOCTYPE html><p>Welcome to Plex"), "F-06")
        .await;
}

#[tokio::test]
async fn f_07_i_07_half_an_answer_says_nothing_about_anybody() {
    half_an_hour_of(Outage::Answers(FaultKind::TruncatedBody), "F-07").await;
}

#[tokio::test]
async fn f_08_i_07_an_answer_without_end_is_cut() {
    half_an_hour_of(Outage::Answers(FaultKind::Endless), "F-08").await;
}

#[tokio::test]
async fn f_09_i_07_an_answer_that_is_too_deep_says_nothing_about_anybody() {
    let nested = |open: &str, close: &str| open.repeat(40_000) + &close.repeat(40_000);
    half_an_hour_of(answers(200, "application/json", nested("[", "]")), "JSON lists").await;
    half_an_hour_of(answers(200, "application/json", nested("{\"a\":", "}")), "JSON objects, cut off").await;
    half_an_hour_of(answers(200, "application/xml", nested("<a>", "</a>")), "XML").await;
}

/// The addresses of plex.tv fail one by one too: whatever is asked there says nothing about anybody.
#[tokio::test]
async fn f_02_i_07_one_host_of_plex_that_is_down_signs_nobody_out() {
    let house = setup().start().await;
    let mut inside = [Inside::of(&house, "friend").await, Inside::of(&house, "home").await];
    for host in [VirtualHost::PlexTv, VirtualHost::Clients, VirtualHost::App] {
        house.plex.world().set_fault(Fault::new(FaultKind::BadGateway).on_host(host));
        for _ in 0..6 {
            round(&house).await;
            for person in &mut inside {
                person.is_in(host.name()).await;
            }
        }
        house.plex.recovers();
        house.pass(PAUSE);
        assert!(recheck::round(house.app()).await, "{}", host.name());
    }
}
