//! The examples of the guide, sent as they stand there.

use super::*;

const GUIDE: &str = include_str!("../../../../../docs/guides/api.md");

/// The words of a shell, as far as the guide needs one: quotes, line ends, and the two variables.
fn words(line: &str, token: &str) -> Vec<String> {
    let line = line.replace("\\\n", " ").replace("$TOKEN", token).replace("$AUTH", "");
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars().chain([' ']) {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            (c, _) => word.push(c),
        }
    }
    words
}

/// What `curl` would send.
fn curl(words: &[String]) -> Request<Body> {
    let (mut request, mut method, mut body, mut rest) = (Request::builder(), None, None, words.iter());
    assert_eq!(rest.next().map(String::as_str), Some("curl"));
    while let Some(word) = rest.next() {
        request = match word.as_str() {
            "-H" => {
                let (name, value) = rest.next().unwrap().split_once(": ").unwrap();
                request.header(name, value)
            }
            "-X" => {
                method = Some(rest.next().unwrap().as_str());
                request
            }
            "-d" => {
                body = Some(rest.next().unwrap().clone());
                request
            }
            path => request.uri(path),
        };
    }
    let method = method.unwrap_or(if body.is_some() { "POST" } else { "GET" });
    request.method(method).body(body.map_or_else(Body::empty, Body::from)).unwrap()
}

#[tokio::test]
async fn the_examples_of_the_guide_do_what_it_says() {
    let house = setup().start().await;
    house.sign_in("friend", &house.relying_party("photos")).await;
    document::allows_and_asks(&house, "friend").await;
    let (all, friend) = (token(&house, &ApiScope::ALL), subject(&house, "friend"));
    let blocks: Vec<_> =
        GUIDE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert_eq!(blocks.len(), 5);
    // Who is blocked does not ask for anything any more, so that comes last.
    for (index, status) in [0, 1, 3, 4, 2].into_iter().zip([200, 200, 204, 200, 204]) {
        let line = blocks[index].replace("plex-48151001", &friend);
        house.door.send(curl(&words(&line, &all))).await.expect(status);
    }
    for scope in ApiScope::ALL {
        assert!(GUIDE.contains(&format!("`{}`", scope.as_str())), "{}", scope.as_str());
    }
}
