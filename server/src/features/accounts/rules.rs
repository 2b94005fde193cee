//! What names, passwords and profiles may look like. Pure: no store, clock or session.

use crate::error::{Error, Kind, Result};
use crate::text;
use std::collections::HashSet;
use std::sync::LazyLock;
use teahouse_proto::accounts::{AddWays, DeviceInfo, DoNotDisturb, Notifications, Profile, Settings};
use teahouse_proto::common::{Gender, Platform};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use zeroize::Zeroizing;

/// Fewest characters of a username.
const USERNAME_MIN: usize = 6;
/// Most characters of a username.
const USERNAME_MAX: usize = 20;
/// Fewest characters of a password.
const PASSWORD_MIN: usize = 8;
/// Most characters of a password.
const PASSWORD_MAX: usize = 128;
/// Most bytes of a password that are looked at: 128 characters and room for what normalising composes.
const PASSWORD_MAX_BYTES: usize = 4 * 4 * PASSWORD_MAX;
/// Most graphemes of a display name, and of the name on the stranger card.
const DISPLAY_NAME_MAX: usize = 32;
/// Most graphemes of a signature.
const SIGNATURE_MAX: usize = 60;
/// Most graphemes of a device's name.
const DEVICE_NAME_MAX: usize = 64;
/// What a device that does not say its name is called.
const UNNAMED_DEVICE: &str = "unnamed device";

/// Names by which somebody could pass for the server, its operators or nobody, whatever digits, `_` and `-` stand
/// around or within them.
const RESERVED: &[&str] = &[
    "abuse",
    "admin",
    "administrator",
    "anonymous",
    "customerservice",
    "deleted",
    "deletedaccount",
    "everybody",
    "everyone",
    "help",
    "helpdesk",
    "hostmaster",
    "moderator",
    "nobody",
    "noreply",
    "null",
    "official",
    "operator",
    "postmaster",
    "root",
    "security",
    "server",
    "service",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "teahouse",
    "undefined",
    "unknown",
    "webmaster",
];

static COMMON_PASSWORDS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords/list.txt").lines().collect());

/// A username as it is looked up, without regard to case; `None` where nobody can be called that.
pub(super) fn fold_username(username: &str) -> Option<String> {
    let fits = (USERNAME_MIN..=USERNAME_MAX).contains(&username.len());
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    let starts = username.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    (fits && starts && username.bytes().all(legal)).then(|| username.to_ascii_lowercase())
}

/// The same for a username that is to be new: reserved words are refused too.
pub(super) fn new_username(username: &str) -> Result<String> {
    let folded = fold_username(username).ok_or_else(|| {
        Error::invalid(
            "USERNAME_INVALID",
            "A username has 6 to 20 letters a-z, digits, _ or -, and starts with a letter.",
        )
    })?;
    let letters: String = folded.chars().filter(char::is_ascii_alphabetic).collect();
    if RESERVED.contains(&letters.as_str()) {
        return Err(Error::invalid("USERNAME_INVALID", "This username is reserved. Choose another."));
    }
    Ok(folded)
}

/// A password as it is hashed: NFC, all spaces alike (RFC 8265, OpaqueString). `None` where nobody can have it.
pub(super) fn normal_password(password: &str) -> Option<Zeroizing<String>> {
    if password.len() > PASSWORD_MAX_BYTES {
        return None;
    }
    let spaces = |c: char| if c.is_whitespace() && !c.is_control() { ' ' } else { c };
    // Reserved in one piece: growing would leave copies behind.
    let mut normal = Zeroizing::new(String::with_capacity(PASSWORD_MAX_BYTES * 4));
    normal.extend(password.chars().map(spaces).nfc());
    let length = normal.chars().count();
    let fits = (PASSWORD_MIN..=PASSWORD_MAX).contains(&length) && !normal.chars().any(char::is_control);
    fits.then_some(normal)
}

/// The same for a password that is to be set for a username: the commonest and the username itself are refused.
pub(super) fn new_password(password: &str, username: &str) -> Result<Zeroizing<String>> {
    let normal = normal_password(password).ok_or_else(|| {
        Error::invalid("PASSWORD_INVALID", "A password has 8 to 128 characters, and no control characters.")
    })?;
    let folded = Zeroizing::new(normal.to_lowercase());
    if COMMON_PASSWORDS.contains(folded.as_str()) || *folded == username.to_ascii_lowercase() {
        return Err(Error::invalid(
            "PASSWORD_COMMON",
            "Many people have this password, so it is tried first by whoever wants to get in. Choose another.",
        ));
    }
    Ok(normal)
}

/// A display name as it is kept: NFC, without spaces around it.
pub(super) fn display_name(name: &str) -> Result<String> {
    let refused = || {
        Error::invalid(
            "DISPLAY_NAME_INVALID",
            "A name has 1 to 32 characters that can be seen: no control or invisible ones.",
        )
    };
    let name = line(name, DISPLAY_NAME_MAX).ok_or_else(refused)?;
    if name.chars().any(stands_alone) { Ok(name) } else { Err(refused()) }
}

/// The name on the stranger card, which may be empty.
pub(super) fn stranger_name(name: &str) -> Result<String> {
    if name.is_empty() { Ok(String::new()) } else { display_name(name) }
}

/// A signature as it is kept: NFC, without spaces around it.
pub(super) fn signature(signature: &str) -> Result<String> {
    line(signature, SIGNATURE_MAX).ok_or_else(|| {
        Error::invalid(
            "SIGNATURE_INVALID",
            "A signature has at most 60 characters in one line, no control or invisible ones.",
        )
    })
}

/// A gender that this server knows.
pub(super) fn gender(gender: i32) -> Result<Gender> {
    Gender::try_from(gender)
        .map_err(|_| Error::invalid("GENDER_INVALID", "There is no such gender in this version."))
}

/// What a device says of itself, as it is kept. Nobody is kept from signing in by the name of their computer: what
/// does not fit is left out, as are runs of spaces, which could push what stands beside the name out of sight.
pub(super) fn device_info(info: Option<DeviceInfo>) -> DeviceInfo {
    let info = info.unwrap_or_default();
    let platform = Platform::try_from(info.platform).unwrap_or_default().into();
    let (near, _) = text::cut(&info.name, DEVICE_NAME_MAX * 2);
    let mut name: String = near.nfc().collect();
    if !text::visible_line(&name) {
        name.retain(|c| text::visible_line(c.encode_utf8(&mut [0; 4])));
    }
    let name = text::squeezed(&name);
    let (name, _) = text::cut(&name, DEVICE_NAME_MAX);
    let name = if name.chars().any(stands_alone) { name } else { UNNAMED_DEVICE };
    DeviceInfo { name: name.to_owned(), platform }
}

/// What a new account shows.
pub(super) fn new_profile(display_name: String) -> Profile {
    Profile { display_name, ..Profile::default() }
}

/// The switches of a new account: every way is open, and whoever finds me must ask.
pub(super) fn new_settings() -> Settings {
    let add_ways = AddWays {
        by_username: true,
        by_qr: true,
        by_group: true,
        by_contact_card: true,
        by_look_around: true,
        by_shake: true,
        by_bottle: true,
    };
    Settings { add_ways: Some(add_ways), friends_must_request: true, ..Settings::default() }
}

/// Everything rings, at all times.
pub(super) fn new_notifications() -> Notifications {
    Notifications {
        do_not_disturb: Some(DoNotDisturb::default()),
        previews: true,
        greetings: true,
        bottles: true,
        moments: true,
        subscriptions: true,
    }
}

/// The one answer for a wrong password and an unknown username.
pub(super) fn login_failed() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "LOGIN_FAILED",
        "Username or password is wrong. Check both; a recovery code sets a new password.",
    )
}

/// The one answer for a wrong recovery code and an unknown username.
pub(super) fn recovery_failed() -> Error {
    Error::new(
        Kind::Unauthenticated,
        "RECOVERY_FAILED",
        "Username or recovery code is wrong, or the code was used already. Try another of the eight codes.",
    )
}

fn line(text: &str, graphemes: usize) -> Option<String> {
    // Normalising at most triples a text, so this keeps the work small whatever was sent.
    if text.len() > graphemes * text::BYTES_PER_GRAPHEME * 3 {
        return None;
    }
    let text: String = text.trim_matches(' ').nfc().collect();
    (text::within(&text, graphemes) && text::visible_line(&text)).then_some(text)
}

/// Whether a character is seen without another one that it belongs to.
fn stands_alone(c: char) -> bool {
    use GeneralCategoryGroup::{Letter, Number, Punctuation, Symbol};
    matches!(c.general_category_group(), Letter | Number | Punctuation | Symbol)
}
