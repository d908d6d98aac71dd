//! Pictures of applications: from us alone, as what they are, and harmless whatever is drawn in them.

use super::*;

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script><rect width=\"9\" height=\"9\"/></svg>";

#[tokio::test]
async fn a_tile_has_the_picture_of_its_application_or_the_letters_of_its_name() {
    let house = setup()
        .client("photos", "icon_file = \"photos.svg\"")
        .app("name = \"third\"\nhost = \"third.example.org\"\nicon_file = \"third.svg\"")
        .app("host = \"fourth.example.org\"\nicon_file = \"photos.svg\"")
        .file("photos.svg", DRAWING)
        .file("third.svg", "<svg/>")
        .start()
        .await;
    let (mut browser, page) = account_of(&house, "friend").await;
    let body = page.body.replace("&#x2f;", "/");
    let pictures: Vec<_> = body
        .split("<img class=\"icon\" src=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(pictures.len(), 3, "{body}");
    assert!(body.contains("aria-hidden=\"true\">W</span>wiki"), "{body}");
    assert!(!body.contains(" style="), "colours are classes");
    for (url, drawn) in [(pictures[0], DRAWING), (pictures[2], "<svg/>")] {
        assert!(url.starts_with("/assets/") && url.contains("/app-icon-"), "{url}");
        let picture = browser.get(url).await.expect(200);
        assert_eq!(picture.body, drawn);
        assert_eq!(picture.header("content-type"), Some("image/svg+xml"));
        assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(picture.header("cache-control"), Some("public, max-age=31536000, immutable"));
        let policy = picture.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.ends_with("; sandbox"), "{policy}");
        assert!(!policy.contains("script-src"), "{policy}");
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self';"), "from us alone: {policy}");
    // Nobody finds one by guessing.
    browser.get("/assets/000000000000000000000000/app-icon-0.svg").await.expect(404);
}
