//! The pages about passkeys.

use std::borrow::Cow;

use super::super::passkeys::{PasskeyEnter, PasskeyNotice, Passkeys, PasskeysMay, ShownPasskey};
use super::super::words::Said;
use super::CSRF;

pub(super) const ENTER: PasskeyEnter<'static> = PasskeyEnter { csrf: CSRF, possible: true, notice: None };

const KEY: ShownPasskey<'static> = ShownPasskey {
    id: Cow::Borrowed("0badcafe"),
    name: "The phone",
    added: Said::ago(40 * 86_400),
    used: Some(Said::ago(7200)),
    backup: "done",
};

pub(super) const LIST: Passkeys<'static> = Passkeys {
    csrf: CSRF,
    passkeys: &[
        KEY,
        ShownPasskey { name: "On my ring", used: None, backup: "never", ..KEY },
        ShownPasskey { name: "The laptop", used: None, backup: "possible", ..KEY },
    ],
    may: PasskeysMay::Change,
    longest_name: 60,
    notice: Some(PasskeyNotice::Added),
};

pub(super) const NONE: Passkeys<'static> =
    Passkeys { passkeys: &[], may: PasskeysMay::ProveFirst, notice: Some(PasskeyNotice::NotGood), ..LIST };
