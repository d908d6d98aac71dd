//! Mail to the host and to guests: what is in it, to whom it goes, and what strangers cannot make of it.

use plex_oidc::flow::{mail, recheck};
use plex_oidc::metrics::MailOutcome;
use plex_oidc::notices::{Notice, Topic, Turn};
use plex_oidc::pages::Language;
use plex_oidc_core::account::Account;
use plex_oidc_core::id::{AccountId, PlexAccountId};
use plex_oidc_core::time::Seconds;
use plextv_emulator::FaultKind;

use crate::support::{Answer, Browser, House, ISSUER, Setup};

mod smtp;

use smtp::{Smtp, Taken};

const SECRET: &str = "a-password-of-the-mail-server";

fn setup(server: &Smtp, more: &str) -> Setup {
    let lines = format!(
        "server = \"127.0.0.1\"\nport = {}\nsecurity = \"none\"\nfrom = \"plex-oidc@example.com\"\n\
         to = [\"host@example.com\"]\n{more}",
        server.port
    );
    Setup::default().with_owner_token().set("mail", &lines).client("wiki", "allow = [\"plex-owner\"]")
}

/// What the service does by itself: turns what is to be told into letters, and sends what is due.
async fn sent(house: &House, server: &Smtp) -> Vec<Taken> {
    while let Some(notice) = house.app().notices.take() {
        mail::tell_host(house.app(), &notice);
    }
    mail::round(house.app()).await;
    server.so_far()
}

async fn round(house: &House, server: &Smtp, after: Seconds) -> Vec<String> {
    house.pass(after);
    recheck::round(house.app()).await;
    sent(house, server).await.iter().map(|taken| taken.header("Subject")).collect()
}

async fn ask(house: &House, persona: &str) -> (Browser, Answer) {
    let mut browser = house.browser();
    let page = browser.open(&house.relying_party("wiki").authorization().url()).await.expect(200);
    let page = browser.approve_and_finish(&page, persona).await.expect(403);
    let page = browser.submit(&page, "/ask").await.expect(403);
    (browser, page)
}

#[tokio::test]
async fn a_dead_owners_token_is_written_of_once_in_plain_text_and_its_end_too() {
    let server = Smtp::start().await;
    let house = setup(&server, "username = \"robot\"\npassword_file = \"mail.password\"")
        .file("mail.password", SECRET)
        .start()
        .await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    assert_eq!(round(&house, &server, Seconds(300)).await, [""; 0]);
    house.plex.world().revoke_tokens("owner").unwrap();
    house.pass(Seconds(300));
    recheck::round(house.app()).await;
    let taken = sent(&house, &server).await;
    let [taken] = taken.as_slice() else { panic!("{taken:?}") };
    assert_eq!(taken.header("Subject"), "Alarm: Plex and the owner's token");
    assert_eq!(taken.header("From"), "plex-oidc@example.com");
    assert_eq!(taken.header("To"), "host@example.com");
    assert_eq!(taken.header("Content-Type"), "text/plain; charset=utf-8");
    assert_eq!(taken.header("Auto-Submitted"), "auto-generated");
    assert!(taken.header("Message-ID").ends_with("@example.com>"));
    assert!(!taken.header("Date").is_empty());
    assert_eq!(taken.recipients(), ["<host@example.com>"]);
    assert_eq!(taken.commands[0], "EHLO auth.example.com");
    let text = taken.text();
    assert!(text.contains("plex.tv does not accept the owner’s token any more"), "{text}");
    assert!(text.contains(&format!("The host’s page: {ISSUER}/admin")), "{text}");
    for word in ["Mara", "mara", "plex-48151001", SECRET, "<html", "?"] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    assert_eq!(round(&house, &server, Seconds(300)).await, [""; 0], "once");
    house.plex.fails(FaultKind::ServerError);
    assert_eq!(round(&house, &server, Seconds(300)).await, [""; 0]);
    assert_eq!(house.app().metrics.mails.of(MailOutcome::Sent), 1);
}

#[tokio::test]
async fn an_outage_and_its_end_are_written_of() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    round(&house, &server, Seconds(300)).await;
    house.plex.fails(FaultKind::ServerError);
    let mut told = Vec::new();
    for _ in 0..5 {
        told.extend(round(&house, &server, Seconds::minutes(10)).await);
    }
    house.plex.recovers();
    told.extend(round(&house, &server, Seconds::minutes(10)).await);
    assert_eq!(told, ["Alarm: Plex does not answer", "Over: Plex does not answer"]);
}

#[tokio::test]
async fn requests_for_access_are_written_of_at_once_and_then_together() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    ask(&house, "friend").await;
    let taken = sent(&house, &server).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].header("Subject"), "Somebody asks you for access");
    let account = format!("plex-{}", house.plex.account_id("friend"));
    assert!(taken[0].text().contains(&format!("({account}): Wiki")), "{}", taken[0].text());
    for persona in ["friend-all", "home", "stranger"] {
        ask(&house, persona).await;
        assert!(sent(&house, &server).await.is_empty(), "{persona}: strangers do not fill the mailbox");
    }
    house.pass(Seconds(3599));
    assert!(sent(&house, &server).await.is_empty());
    house.pass(Seconds(1));
    let taken = sent(&house, &server).await;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].header("Subject"), "4 requests for access");
    house.pass(Seconds::days(1));
    assert!(sent(&house, &server).await.is_empty(), "nothing new");
}

#[tokio::test]
async fn whoever_does_not_want_to_hear_of_requests_does_not() {
    let server = Smtp::start().await;
    let house = setup(&server, "of_requests = false").start().await;
    ask(&house, "friend").await;
    assert!(sent(&house, &server).await.is_empty());
    assert!(!house.app().outbox.has_something(), "and nothing waits for ever");
}

/// RUSTSEC-2021-0069, and what a name could do without it: no header, no recipient, no command, no link comes of what strangers chose.
#[tokio::test]
async fn rt_mail_header_injection() {
    let names = [
        "Robin\r\nBcc: everybody@example.net\r\n\r\nBuy this",
        "Robin\n.\nMAIL FROM:<x@example.net>\n",
        "\u{202e}nibor https://evil.example/?a=1 <b>click</b>",
        &format!("R{}bin", "ö".repeat(2000)),
        "=?utf-8?Q?Bcc=3A?= x\u{0}\u{1b}[2J",
    ];
    for name in names {
        let server = Smtp::start().await;
        let house = setup(&server, "").start().await;
        house.sign_in("friend", &house.relying_party("photos")).await;
        let account = format!("plex-{}", house.plex.account_id("friend"));
        ask(&house, "friend").await;
        // As if it had come through every check before this one.
        let quoted = name.replace('\'', "''").replace('\u{0}', "");
        house.sql(&format!("UPDATE access_requests SET account_name = '{quoted}'"));
        let taken = sent(&house, &server).await;
        let [taken] = taken.as_slice() else { panic!("{taken:?}") };
        holds_its_shape(taken, &["host@example.com"]);
        assert_eq!(taken.header("Subject"), "Somebody asks you for access");
        let text = taken.text();
        assert!(text.contains(&account) && !text.contains("evil.example") && !text.contains('<'), "{text}");
        assert!(!text.contains("://evil") && !text.contains('\u{202e}') && text.len() < 1000, "{text}");

        // And in what is written to a person, subject and text.
        let to = account_of(Some("robin@example.com"), true);
        let words = ("sign_in.heading", &[("app", name)][..]);
        assert!(mail::tell_person(house.app(), &to, Language::english(), words, &[words]));
        let taken = sent(&house, &server).await;
        let [taken] = taken.as_slice() else { panic!("{taken:?}") };
        holds_its_shape(taken, &["robin@example.com"]);
        assert!(taken.lines.iter().all(|line| line.len() <= 998));
    }
}

/// Exactly our headers, and exactly our recipients.
fn holds_its_shape(taken: &Taken, to: &[&str]) {
    let mut names: Vec<_> =
        taken.headers().iter().map(|line| line.split(':').next().unwrap().to_owned()).collect();
    names.sort();
    let expected = [
        "Auto-Submitted",
        "Content-Transfer-Encoding",
        "Content-Type",
        "Date",
        "From",
        "MIME-Version",
        "Message-ID",
        "Subject",
        "To",
    ];
    let has_all = names.iter().map(String::as_str).filter(|name| *name != "MIME-Version");
    assert!(has_all.eq(expected.into_iter().filter(|name| *name != "MIME-Version")), "{names:?}");
    let envelope: Vec<_> = to.iter().map(|address| format!("<{address}>")).collect();
    assert_eq!(taken.recipients(), envelope);
    let said: Vec<_> = taken.commands.iter().map(|line| line.split([' ', ':']).next().unwrap()).collect();
    let mut expected = vec!["EHLO", "MAIL"];
    expected.extend(to.iter().map(|_| "RCPT"));
    expected.push("DATA");
    assert_eq!(said, expected);
}

fn account_of(email: Option<&str>, email_confirmed: bool) -> Account {
    let named = Account::named(AccountId::Plex(PlexAccountId(7)), "Robin".to_owned());
    Account { email: email.map(str::to_owned), email_confirmed, ..named }
}

#[tokio::test]
async fn a_person_is_written_to_in_their_language_at_a_confirmed_address_and_not_too_often() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    let german = Language::of_tag("de").unwrap();
    let words = ("sign_in.heading", &[("app", "Fotos")][..]);
    for (email, is_confirmed) in
        [(None, true), (Some("robin@example.com"), false), (Some("no address"), true)]
    {
        let to = account_of(email, is_confirmed);
        assert!(!mail::tell_person(house.app(), &to, german, words, &[words]), "{email:?}");
    }
    let to = account_of(Some("robin@example.com"), true);
    assert!(!mail::tell_person(house.app(), &to, german, ("no.such", &[]), &[]));
    assert!(sent(&house, &server).await.is_empty());
    let posted = (0..9).filter(|_| mail::tell_person(house.app(), &to, german, words, &[words])).count();
    let taken = sent(&house, &server).await;
    assert_eq!((posted, taken.len()), (5, 5));
    assert_eq!(taken[0].header("To"), "robin@example.com");
    assert!(taken[0].text().contains("Diese Mail kommt von https://auth.example.com"), "{}", taken[0].text());
    assert_eq!(house.app().metrics.mails.of(MailOutcome::Dropped), 4);
}

#[tokio::test]
async fn what_is_not_taken_is_tried_again_later_and_what_is_refused_is_not() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    server.will_say("MAIL", "451 later");
    server.will_say("RCPT", "450 grey");
    ask(&house, "friend").await;
    assert!(sent(&house, &server).await.is_empty());
    assert!(sent(&house, &server).await.is_empty(), "not at once");
    house.pass(Seconds::minutes(1));
    assert!(sent(&house, &server).await.is_empty());
    house.pass(Seconds::minutes(5));
    assert_eq!(sent(&house, &server).await.len(), 1);

    house.pass(Seconds::hours(1));
    server.will_say("RCPT", "550 nobody\r\n");
    ask(&house, "friend-all").await;
    for _ in 0..20 {
        assert!(sent(&house, &server).await.is_empty());
        house.pass(Seconds::hours(1));
    }
    assert_eq!(house.app().metrics.mails.of(MailOutcome::GivenUp), 1);
    assert!(!house.app().outbox.has_something());
}

/// An address that the server does not take keeps the letter from nobody else.
#[tokio::test]
async fn each_host_has_a_letter_of_their_own() {
    let server = Smtp::start().await;
    let both = "to = [\"gone@example.com\", \"host@example.com\"]";
    let house = setup(&server, "").set("mail", both).start().await;
    server.will_say("RCPT", "550 nobody");
    ask(&house, "friend").await;
    let taken = sent(&house, &server).await;
    let [taken] = taken.as_slice() else { panic!("{taken:?}") };
    holds_its_shape(taken, &["host@example.com"]);
    assert_eq!(house.app().metrics.mails.of(MailOutcome::GivenUp), 1);
}

#[tokio::test]
async fn the_hosts_are_written_to_when_somebody_was_in_a_persons_account() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    let photos = house.relying_party("photos");
    let (mut mine, _) = house.sign_in("friend", &photos).await;
    house.pass(Seconds(60));
    let _thief = house.sign_in("friend", &photos).await;
    sent(&house, &server).await; // the person is told
    let page = mine.open("/account").await.expect(200);
    mine.post(&page, "/account/browsers/not-me", &[]).await.expect(303);
    let taken = sent(&house, &server).await;
    let [taken] = taken.as_slice() else { panic!("{taken:?}") };
    holds_its_shape(taken, &["host@example.com"]);
    assert_eq!(taken.header("Subject"), "News: somebody else was in a person's account");
}

/// Nobody who asks waits for the server, and one that is down is given up in the end.
#[tokio::test]
async fn a_server_that_is_down_holds_nobody_up() {
    let server = Smtp::start().await;
    let gone = setup(&server, "").set("mail", "port = 1").start().await;
    let (_, page) = ask(&gone, "friend").await;
    assert!(page.text().contains("You asked the host"), "{}", page.text());
    for _ in 0..5 {
        assert!(sent(&gone, &server).await.is_empty());
        gone.pass(Seconds::hours(2));
    }
    assert_eq!(gone.app().metrics.mails.of(MailOutcome::GivenUp), 1);
    assert!(!gone.app().outbox.has_something());
}

#[tokio::test]
async fn without_a_server_nothing_waits() {
    let house = Setup::default().with_owner_token().client("wiki", "allow = [\"plex-owner\"]").start().await;
    ask(&house, "friend").await;
    house.plex.world().revoke_tokens("owner").unwrap();
    recheck::round(house.app()).await;
    assert!(!house.app().outbox.has_something() && house.app().notices.take().is_none());
    let to = account_of(Some("robin@example.com"), true);
    assert!(!mail::tell_person(house.app(), &to, Language::english(), ("common.cancel", &[]), &[]));
}

#[tokio::test]
async fn somebody_is_written_to_of_a_new_browser_in_the_language_of_that_sign_in() {
    let server = Smtp::start().await;
    let house = setup(&server, "").start().await;
    let photos = house.relying_party("photos");
    let first = house.sign_in("friend", &photos).await;
    assert!(sent(&house, &server).await.is_empty(), "the first browser is no news");
    house.pass(Seconds(60));
    let mut other = house.browser();
    let asked = photos.authorization().with("ui_locales", "de");
    other.sign_in(&asked.url(), "friend").await;
    let taken = sent(&house, &server).await;
    let [letter] = taken.as_slice() else { panic!("{taken:?}") };
    holds_its_shape(letter, &["mara@example.net"]);
    assert_eq!(letter.header("Subject"), "Ein neuer Browser in deinem Konto");
    let text = letter.text();
    assert!(text.contains(&other.address.ip().to_string()), "{text}");
    assert!(text.contains(&format!("{ISSUER}/account")) && text.contains("Das war ich nicht"), "{text}");
    drop(first);

    house.pass(Seconds(60));
    let again = photos.authorization().with("prompt", "login");
    other.sign_in(&again.url(), "friend").await;
    assert!(sent(&house, &server).await.is_empty(), "it is known by now");

    // Whoever has the account may have given it an address of theirs.
    house.sql("UPDATE users SET person = replace(person, 'mara@example.net', 'before@example.org')");
    house.sign_in("friend", &photos).await;
    let taken = sent(&house, &server).await;
    let to: Vec<_> = taken.iter().map(|letter| letter.header("To")).collect();
    assert_eq!(to, ["before@example.org", "mara@example.net"]);
}

/// The hosts are written to in the language of the installation, and nothing is said in the words of programs.
#[tokio::test]
async fn the_hosts_are_written_to_in_the_language_of_the_installation() {
    let server = Smtp::start().await;
    let house = setup(&server, "").set("theme", "language = \"de\"").start().await;
    ask(&house, "friend").await;
    let taken = sent(&house, &server).await;
    assert_eq!(taken[0].header("Subject"), "Jemand bittet dich um Zugang");
    let text = taken[0].text();
    assert!(text.contains("warten auf deine Antwort") && text.contains("Wiki"), "{text}");
    assert!(text.contains(&format!("Die Seite des Gastgebers: {ISSUER}/admin")), "{text}");
    assert!(text.contains("weil [mail] in der Konfiguration dich nennt"), "{text}");

    let topics = Topic::ALL.map(Topic::word);
    let happens = ["browser_disowned", "passkey_refused"].map(|event| (event, Turn::Happened));
    let goes_on = topics.into_iter().flat_map(|event| [(event, Turn::Raised), (event, Turn::Resolved)]);
    for (event, state) in goes_on.chain(happens) {
        let message = "words for the log".to_owned();
        let (since, at) = (house.now(), house.now());
        let notice = Notice { event, state, message, named: Some("plex-7".to_owned()), since, at };
        mail::tell_host(house.app(), &notice);
        let taken = sent(&house, &server).await;
        let [taken] = taken.as_slice() else { panic!("{taken:?}") };
        holds_its_shape(taken, &["host@example.com"]);
        let (subject, text) = (taken.header("Subject"), taken.text());
        let begins = match state {
            Turn::Raised => "Alarm: ",
            Turn::Resolved => "Vorbei: ",
            Turn::Happened => "Neuigkeit: ",
        };
        assert!(subject.starts_with(begins) && !subject.contains(event), "{subject}");
        assert!(!text.contains("words for the log") && !text.contains('{'), "{text}");
        assert_eq!(text.contains("plex-7"), state == Turn::Happened, "{text}");
        if (event, state) == (Topic::PlexUnanswered.word(), Turn::Raised) {
            let both = text.contains("nicht geantwortet") && text.contains("noch eine Freigabe hat");
            assert!(both, "Plex may well answer, and not say of somebody who is in doubt: {text}");
        }
    }
    // Something new that has no sentence yet is not kept back.
    let (since, at) = (house.now(), house.now());
    let message = "words for the log".to_owned();
    mail::tell_host(
        house.app(),
        &Notice { event: "new", state: Turn::Happened, message, named: None, since, at },
    );
    let taken = sent(&house, &server).await;
    assert_eq!(taken[0].header("Subject"), "Neuigkeit: new");
    assert!(taken[0].text().contains("words for the log"));
}
