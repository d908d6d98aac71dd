//! Signing in with a password, to accounts that the host keeps.

mod ends;
mod guesses;
mod people;
mod sign_in;

use crate::support::{House, Setup};

const PASSWORD: &str = "a long enough secret";

/// Robin, who has a local account, may use Photos; Mara, who has one too, may use nothing.
fn setup() -> Setup {
    setup_with(PASSWORD)
}

/// The same, where this is Robin's password.
fn setup_with(password: &str) -> Setup {
    Setup::default()
        .set("local", "groups = [\"family\"]")
        .client("photos", "allow = [\"plex-friend\", \"family\"]")
        .user(
            7,
            "robin",
            password,
            "groups = [\"family\"]\nclaims = [\"name=Robin Example\", \"email=robin@example.com\", \
             \"email_verified=true\", \"birthdate=1980-12-31\", \"address.country=NL\", \"phone_number=+31201234567\"]",
        )
        .user(8, "mara", PASSWORD, "claims = [\"email=mara@example.com\"]")
        .user(9, "sam", PASSWORD, "enabled = false\ngroups = [\"family\"]")
}

async fn house() -> House {
    setup().start().await
}
