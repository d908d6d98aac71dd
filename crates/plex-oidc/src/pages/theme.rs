//! The look a host chooses: title, logo, colours, background. Owns their grammar and the stylesheet made of them.
//!
//! Inline styles are forbidden by our content security policy, so a theme becomes a file of its own. Nothing that is
//! not one of the types below can get into that file.

use std::fmt;

use serde::Serialize;

/// How the pages of this installation look.
#[derive(Clone, Debug)]
pub struct Theme {
    /// What the host calls the place, such as "Anna's cinema".
    pub title: String,
    /// Shown above every page instead of our neutral mark.
    pub logo: Option<ImageUrl>,
    /// The colour of the main button.
    pub accent: Colour,
    /// What lies behind the card.
    pub background: Option<Background>,
}

impl Default for Theme {
    fn default() -> Self {
        Self { title: "Plex sign-in".to_owned(), logo: None, accent: Colour::AMBER, background: None }
    }
}

impl Theme {
    /// The stylesheet with this theme's values, loaded after `style.css`.
    pub fn stylesheet(&self) -> String {
        let ink = self.accent.ink();
        let mut css = format!(":root{{--accent:{};--accent-ink:{ink}}}\n", self.accent);
        match &self.background {
            None => {}
            Some(Background::Colour(colour)) => css.push_str(&format!("body{{background:{colour}}}\n")),
            Some(Background::Image(url)) => {
                css.push_str(&format!("body{{background:url(\"{url}\") center/cover fixed}}\n"));
            }
        }
        css
    }

    /// The foreign origins that images come from, for `img-src` of the content security policy.
    pub fn image_origins(&self) -> Vec<String> {
        let background = match &self.background {
            Some(Background::Image(url)) => Some(url),
            Some(Background::Colour(_)) | None => None,
        };
        let mut origins: Vec<String> =
            self.logo.iter().chain(background).filter_map(ImageUrl::origin).collect();
        origins.dedup();
        origins
    }
}

/// A value of the theme that is not what it has to be. Carries the value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ThemeError {
    /// Not `#rgb` or `#rrggbb`.
    #[error("{0:?} is not a colour: write it as #rgb or #rrggbb")]
    Colour(String),
    /// Neither an https address nor a path on this host.
    #[error("{0:?} is not an image address: use https://... or a path such as /assets/logo.png")]
    ImageUrl(String),
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
    fn contrast(self, other: Self) -> f64 {
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
    Image(ImageUrl),
}

impl Background {
    /// Reads a colour or the address of a picture.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        if text.starts_with('#') {
            Colour::parse(text).map(Self::Colour)
        } else {
            ImageUrl::parse(text).map(Self::Image)
        }
    }
}

/// Where a picture of the host comes from: `https` or a path on this host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImageUrl(String);

impl ImageUrl {
    /// Accepts `https://...` and `/...`, free of anything that could end a CSS string or start another host.
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
        if text.bytes().all(tame) && (local || remote()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ThemeError::ImageUrl(text.to_owned()))
        }
    }

    fn origin(&self) -> Option<String> {
        url::Url::parse(&self.0).ok().map(|url| url.origin().ascii_serialization())
    }
}

impl fmt::Display for ImageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn image_addresses_cannot_leave_their_string() {
        for good in ["/assets/logo.png", "https://img.example.com/a.jpg?x=1"] {
            assert_eq!(ImageUrl::parse(good).unwrap().to_string(), good);
        }
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
            "logo.png",
            "/a'b",
            "/<script>",
        ] {
            assert!(ImageUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_stylesheet_holds_the_theme() {
        let theme = Theme {
            accent: Colour::parse("#06c").unwrap(),
            background: Some(Background::parse("https://img.example.com/wall.jpg").unwrap()),
            ..Theme::default()
        };
        insta::assert_snapshot!(theme.stylesheet(), @r#"
        :root{--accent:#0066cc;--accent-ink:#ffffff}
        body{background:url("https://img.example.com/wall.jpg") center/cover fixed}
        "#);
        assert_eq!(theme.image_origins(), ["https://img.example.com"]);
        assert!(Theme::default().image_origins().is_empty());
    }
}
