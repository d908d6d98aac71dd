//! The look a host chooses: title, logo, colours, background. Owns their grammar and the stylesheet made of them.
//!
//! Inline styles are forbidden by our content security policy, so a theme becomes a file of its own. Nothing that is
//! not one of the types below can get into that file.

use std::collections::BTreeSet;
use std::fmt;

use super::languages::Language;
use crate::assets::content_type_of;

/// How the pages of this installation look.
#[derive(Clone, Debug)]
pub struct Theme {
    /// What the host calls the place, such as "Anna's cinema".
    pub title: String,
    /// Shown above every page instead of our neutral mark.
    pub logo: Option<Image>,
    /// The colour of the main button.
    pub accent: Colour,
    /// The same in dark mode; `accent` if there is none.
    pub accent_dark: Option<Colour>,
    /// What lies behind the card.
    pub background: Option<Background>,
    /// The same in dark mode; `background` if there is none.
    pub background_dark: Option<Background>,
    /// The language of visitors who ask for none that we have.
    pub language: &'static Language,
}

/// The values of the configuration file, unread. What is absent keeps its default.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThemeValues<'a> {
    /// Any text of 1 to 60 characters.
    pub title: Option<&'a str>,
    /// A picture: `https://...`, a path on this host, or the name of a file in the folder of overrides.
    pub logo: Option<&'a str>,
    /// `#rgb` or `#rrggbb`.
    pub accent: Option<&'a str>,
    /// `#rgb` or `#rrggbb`.
    pub accent_dark: Option<&'a str>,
    /// A colour or a picture.
    pub background: Option<&'a str>,
    /// A colour or a picture.
    pub background_dark: Option<&'a str>,
    /// One of [`Language::tags`].
    pub language: Option<&'a str>,
}

impl Default for Theme {
    fn default() -> Self {
        Self {
            title: "Plex sign-in".to_owned(),
            logo: None,
            accent: Colour::AMBER,
            accent_dark: None,
            background: None,
            background_dark: None,
            language: Language::english(),
        }
    }
}

impl Theme {
    /// Reads all values and reports every one that is wrong, each with the name of its key.
    pub fn try_new(values: &ThemeValues<'_>) -> Result<Self, Vec<(&'static str, ThemeError)>> {
        let mut wrong = Vec::new();
        let default = Self::default();
        let theme = Self {
            title: read("title", values.title, parse_title, &mut wrong).unwrap_or(default.title),
            logo: read("logo", values.logo, Image::parse, &mut wrong),
            accent: read("accent", values.accent, Colour::parse, &mut wrong).unwrap_or(default.accent),
            accent_dark: read("accent_dark", values.accent_dark, Colour::parse, &mut wrong),
            background: read("background", values.background, Background::parse, &mut wrong),
            background_dark: read("background_dark", values.background_dark, Background::parse, &mut wrong),
            language: read("language", values.language, parse_language, &mut wrong)
                .unwrap_or(default.language),
        };
        if wrong.is_empty() { Ok(theme) } else { Err(wrong) }
    }

    /// The stylesheet with this theme's values, loaded after `style.css`. `resolve` gives the address of a picture.
    pub(super) fn stylesheet(&self, resolve: impl Fn(&Image) -> String) -> String {
        let rules = |accent: Option<Colour>, background: Option<&Background>| {
            let accent =
                accent.map(|colour| format!(":root{{--accent:{colour};--accent-ink:{}}}\n", colour.ink()));
            let background = background.map(|background| match background {
                Background::Colour(colour) => format!("body{{background:{colour}}}\n"),
                Background::Image(image) => {
                    format!("body{{background:url(\"{}\") center/cover fixed}}\n", resolve(image))
                }
            });
            accent.unwrap_or_default() + &background.unwrap_or_default()
        };
        let light = rules(Some(self.accent), self.background.as_ref());
        let dark = rules(self.accent_dark, self.background_dark.as_ref());
        if dark.is_empty() {
            light
        } else {
            format!("{light}@media (prefers-color-scheme:dark){{\n{dark}}}\n")
        }
    }

    /// Every picture of the theme.
    pub(super) fn images(&self) -> impl Iterator<Item = &Image> {
        let backgrounds = [&self.background, &self.background_dark].into_iter().flatten();
        self.logo.iter().chain(backgrounds.filter_map(|background| match background {
            Background::Image(image) => Some(image),
            Background::Colour(_) => None,
        }))
    }

    /// The foreign origins that pictures come from, for `img-src` of the content security policy.
    pub fn image_origins(&self) -> Vec<String> {
        let origins: BTreeSet<String> = self.images().filter_map(Image::origin).collect();
        origins.into_iter().collect()
    }
}

fn read<T>(
    key: &'static str,
    value: Option<&str>,
    parse: impl Fn(&str) -> Result<T, ThemeError>,
    wrong: &mut Vec<(&'static str, ThemeError)>,
) -> Option<T> {
    match value.map(parse).transpose() {
        Ok(value) => value,
        Err(error) => {
            wrong.push((key, error));
            None
        }
    }
}

fn parse_title(text: &str) -> Result<String, ThemeError> {
    let title = text.trim();
    if (1..=60).contains(&title.chars().count()) && !title.chars().any(char::is_control) {
        Ok(title.to_owned())
    } else {
        Err(ThemeError::Title(text.to_owned()))
    }
}

fn parse_language(text: &str) -> Result<&'static Language, ThemeError> {
    Language::of_tag(text).ok_or_else(|| ThemeError::Language(text.to_owned()))
}

/// A value of the theme that is not what it has to be. Carries the value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ThemeError {
    /// Not `#rgb` or `#rrggbb`.
    #[error("{0:?} is not a colour: write it as #rgb or #rrggbb")]
    Colour(String),
    /// Neither an https address nor a path on this host nor a file name.
    #[error(
        "{0:?} is not a picture: use https://..., a path such as /logo.png, or the name of a file in the folder of your own files"
    )]
    Image(String),
    /// Empty, longer than 60 characters, or with control characters.
    #[error("{0:?} cannot be the title: use 1 to 60 ordinary characters")]
    Title(String),
    /// None of ours.
    #[error("{0:?} is not a language of ours")]
    Language(String),
}

/// An opaque colour, `#rgb` or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    red: u8,
    green: u8,
    blue: u8,
}

impl Colour {
    /// The default accent.
    pub const AMBER: Self = Self { red: 0xe5, green: 0xa0, blue: 0x0d };
    const WHITE: Self = Self { red: 0xff, green: 0xff, blue: 0xff };
    const SOFT_BLACK: Self = Self { red: 0x1d, green: 0x15, blue: 0x05 };
    const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    /// The contrast that WCAG 2.2 s. 1.4.3 asks of text.
    const READABLE: f64 = 4.5;

    /// Reads `#rgb` or `#rrggbb`; any other notation is refused.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let digits = text
            .strip_prefix('#')
            .and_then(|hex| hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<u32>>>());
        let channel = |high: u32, low: u32| u8::try_from(high * 16 + low).unwrap_or(u8::MAX);
        match digits.as_deref() {
            Some(&[r, g, b]) => Ok(Self { red: channel(r, r), green: channel(g, g), blue: channel(b, b) }),
            Some(&[r1, r2, g1, g2, b1, b2]) => {
                Ok(Self { red: channel(r1, r2), green: channel(g1, g2), blue: channel(b1, b2) })
            }
            _ => Err(ThemeError::Colour(text.to_owned())),
        }
    }

    /// The text colour for a surface of this colour, always readable.
    fn ink(self) -> Self {
        let readable = |ink: &Self| self.contrast(*ink) >= Self::READABLE;
        // One of black and white always reaches 4.58; the softer black is only the nicer choice.
        [Self::SOFT_BLACK, Self::WHITE].into_iter().find(readable).unwrap_or(Self::BLACK)
    }

    /// WCAG 2.2 contrast ratio.
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

/// What lies behind the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Background {
    /// One colour, in light and in dark.
    Colour(Colour),
    /// A picture that fills the window.
    Image(Image),
}

impl Background {
    /// Reads a colour or the address of a picture.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        if text.starts_with('#') {
            Colour::parse(text).map(Self::Colour)
        } else {
            Image::parse(text).map(Self::Image)
        }
    }
}

/// Where a picture of the host comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// `https://...`, or a path on this host.
    Address(String),
    /// A file in the folder of overrides.
    File(String),
}

impl Image {
    /// Accepts `https://...`, `/...` and a file name, free of anything that could end a CSS string or start another
    /// host.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let tame = |byte: u8| {
            byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\' | b'(' | b')' | b'<' | b'>')
        };
        let local = text.starts_with('/') && !text.starts_with("//");
        let remote = || {
            let url = url::Url::parse(text).ok();
            url.is_some_and(|url| {
                url.scheme() == "https" && url.username().is_empty() && url.password().is_none()
            })
        };
        if !text.bytes().all(tame) {
            Err(ThemeError::Image(text.to_owned()))
        } else if local || remote() {
            Ok(Self::Address(text.to_owned()))
        } else if content_type_of(text).is_some_and(|content_type| content_type.starts_with("image/")) {
            Ok(Self::File(text.to_owned()))
        } else {
            Err(ThemeError::Image(text.to_owned()))
        }
    }

    fn origin(&self) -> Option<String> {
        match self {
            Self::Address(address) => {
                url::Url::parse(address).ok().map(|url| url.origin().ascii_serialization())
            }
            Self::File(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(image: &Image) -> String {
        match image {
            Image::Address(address) => address.clone(),
            Image::File(name) => format!("/assets/0/{name}"),
        }
    }

    #[test]
    fn only_hex_colours_are_colours() {
        assert_eq!(Colour::parse("#E5A00D").unwrap(), Colour::AMBER);
        assert_eq!(Colour::parse("#fff").unwrap().to_string(), "#ffffff");
        for bad in ["", "#", "red", "fff", "#ffff", "#ggg", "#fffffff", "#fff;}", "#\u{ff11}ff", "rgb(0,0,0)"]
        {
            assert_eq!(Colour::parse(bad), Err(ThemeError::Colour(bad.to_owned())));
        }
    }

    #[test]
    fn button_text_is_readable_on_every_accent() {
        for step in 0..4096_u32 {
            let accent = Colour::parse(&format!("#{step:03x}")).unwrap();
            assert!(accent.contrast(accent.ink()) >= 4.5, "{accent}");
        }
        assert_eq!(Colour::AMBER.ink(), Colour::SOFT_BLACK);
    }

    #[test]
    fn our_own_text_is_readable_in_light_and_dark() {
        let css = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/static/style.css")).unwrap();
        let roots: Vec<&str> =
            css.split(":root {").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(roots.len(), 2, "light and dark");
        for root in roots {
            let colour = |name: &str| {
                let value = root.split(&format!("--{name}: ")).nth(1).unwrap().split(';').next().unwrap();
                Colour::parse(value).unwrap()
            };
            for (ink, surface) in [
                ("ink", "card"),
                ("soft-ink", "card"),
                ("ink", "tint"),
                ("soft-ink", "tint"),
                ("ink", "page"),
            ] {
                let contrast = colour(ink).contrast(colour(surface));
                assert!(contrast >= Colour::READABLE, "{ink} on {surface}: {contrast}");
            }
        }
    }

    #[test]
    fn picture_addresses_cannot_leave_their_string() {
        for good in ["/logo.png", "https://img.example.com/a.jpg?x=1"] {
            assert_eq!(Image::parse(good), Ok(Image::Address(good.to_owned())));
        }
        assert_eq!(Image::parse("logo.svg"), Ok(Image::File("logo.svg".to_owned())));
        for bad in [
            "",
            "//evil.example/x",
            "http://plain.example/x",
            "javascript:alert(1)",
            "data:image/png;base64,AA",
            "/a\")}*{",
            "/a b",
            "/a\n",
            "/\\evil",
            "https://user:pw@example.com/",
            "style.css",
            "../logo.png",
            "logo",
            "/a'b",
            "/<script>",
        ] {
            assert_eq!(Image::parse(bad), Err(ThemeError::Image(bad.to_owned())));
        }
    }

    #[test]
    fn all_wrong_values_are_reported_at_once() {
        let long = "x".repeat(61);
        let values = ThemeValues {
            title: Some(&long),
            logo: Some("ftp://x"),
            accent: Some("red"),
            accent_dark: Some("#12"),
            background: Some("#1"),
            background_dark: Some("no"),
            language: Some("tlh"),
        };
        let wrong = Theme::try_new(&values).unwrap_err();
        let keys: Vec<&str> = wrong.iter().map(|(key, _)| *key).collect();
        assert_eq!(
            keys,
            ["title", "logo", "accent", "accent_dark", "background", "background_dark", "language"]
        );
        let plain_theme =
            Theme::try_new(&ThemeValues { title: Some(" Home "), ..ThemeValues::default() }).unwrap();
        assert_eq!((plain_theme.title.as_str(), plain_theme.accent), ("Home", Colour::AMBER));
    }

    #[test]
    fn the_stylesheet_holds_the_theme() {
        let values = ThemeValues {
            accent: Some("#06c"),
            accent_dark: Some("#9cf"),
            background: Some("https://img.example.com/wall.jpg"),
            background_dark: Some("#000"),
            logo: Some("https://img.example.com/logo.png"),
            ..ThemeValues::default()
        };
        let theme = Theme::try_new(&values).unwrap();
        insta::assert_snapshot!(theme.stylesheet(plain), @r#"
        :root{--accent:#0066cc;--accent-ink:#ffffff}
        body{background:url("https://img.example.com/wall.jpg") center/cover fixed}
        @media (prefers-color-scheme:dark){
        :root{--accent:#99ccff;--accent-ink:#1d1505}
        body{background:#000000}
        }
        "#);
        assert_eq!(theme.image_origins(), ["https://img.example.com"]);
        assert!(Theme::default().image_origins().is_empty());
        assert!(!Theme::default().stylesheet(plain).contains("@media"));
    }
}
