//! The validators, on anything.

use crate::features::accounts::AccountsConfig;
use crate::features::accounts::rules::*;
use crate::features::accounts::secrets::{Code, new_token, token_hash};
use crate::random::Random;
use crate::text;
use proptest::prelude::*;
use teahouse_proto::accounts::DeviceInfo;
use unicode_normalization::is_nfc;
use unicode_segmentation::UnicodeSegmentation;

proptest! {
    #[test]
    fn usernames_are_what_the_rule_says(name in "\\PC{0,24}|[A-Za-z0-9_-]{0,24}|[a-z][a-z0-9_-]{5,19}") {
        let legal = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            && (6..=20).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphabetic());
        prop_assert_eq!(fold_username(&name).is_some(), legal);
        if let Some(folded) = fold_username(&name) {
            prop_assert_eq!(fold_username(&name.to_ascii_uppercase()), Some(folded.clone()));
            prop_assert!(folded.eq_ignore_ascii_case(&name));
        }
    }

    #[test]
    fn names_that_pass_are_normal_and_seen(name in "\\PC{0,40}|[ A\u{300}\u{200d}\u{fe0f}👩e你]{0,40}|.{0,40}") {
        if let Ok(kept) = display_name(&name) {
            prop_assert!(is_nfc(&kept) && text::visible_line(&kept));
            prop_assert!((1..=32).contains(&kept.graphemes(true).count()) && kept.len() <= 32 * 16);
            prop_assert_eq!(kept.trim_matches(' '), &kept);
            prop_assert_eq!(display_name(&kept).ok(), Some(kept.clone()), "what is kept passes again");
        }
        if let Ok(kept) = signature(&name) {
            prop_assert!(is_nfc(&kept) && text::within(&kept, 60));
        }
    }

    #[test]
    fn plain_names_pass(name in "[A-Za-z你好éß][A-Za-z0-9 你好éß'.-]{0,30}[A-Za-z]") {
        prop_assert_eq!(display_name(&name).ok(), Some(name));
    }

    #[test]
    fn a_device_always_has_a_name_that_can_be_shown(name in any::<String>(), platform: i32) {
        let info = device_info(Some(DeviceInfo { name, platform }));
        prop_assert!(text::within(&info.name, 64) && !info.name.trim().is_empty());
        prop_assert!((0..=6).contains(&info.platform));
    }

    #[test]
    fn passwords_are_counted_in_characters(password in "[a-zé你👩 ]{0,140}") {
        let n = password.chars().count();
        prop_assert_eq!(normal_password(&password).is_some(), (8..=128).contains(&n));
    }

    #[test]
    fn garbage_is_no_secret(typed in any::<String>()) {
        let _ = token_hash(&typed);
        let _ = Code::Recovery.hash(&typed);
    }

    #[test]
    fn codes_are_read_however_they_are_typed(seed: u64) {
        let made = Code::Recovery.generate(&Random::seeded(seed));
        prop_assert_eq!(made.shown.len(), 19);
        let typed = made.shown.to_uppercase().replace('-', "  ").replace('0', "O").replace('1', "l");
        prop_assert_eq!(Code::Recovery.hash(&typed), Some(made.hash));
        prop_assert!(Code::Invitation.hash(&typed) != Some(made.hash), "of no use elsewhere");
        prop_assert_eq!(Code::Recovery.hash(&made.shown[1..]), None);
    }
}

#[test]
fn a_token_is_known_by_its_hash_alone() {
    let made = new_token(&Random::seeded(1));
    assert_eq!(made.shown.len(), 43);
    assert_eq!(token_hash(&made.shown), Some(made.hash));
    assert_ne!(new_token(&Random::seeded(2)).hash, made.hash);
}

#[test]
fn the_commonest_passwords_are_refused_in_any_case() {
    for common in ["password", "PASSWORD1", "1q2w3e4r5t", "iLoveYou", "qwertyuiop"] {
        assert_eq!(new_password(common, "anna_01").unwrap_err().reason(), "PASSWORD_COMMON", "{common}");
    }
    new_password("correct horse 1", "anna_01").unwrap();
}

#[test]
fn reserved_words_are_refused_however_they_are_dressed() {
    for name in ["teahouse", "Tea-House", "admin_", "admin-2024", "r00t__root", "SUPPORT1"] {
        let refused = new_username(name);
        assert_eq!(refused.is_err(), name != "r00t__root", "{name}");
    }
    assert_eq!(new_username("Administratrix").unwrap(), "administratrix");
}

#[test]
fn a_nameless_device_is_called_so() {
    let named = |name: &str| device_info(Some(DeviceInfo { name: name.into(), platform: 1 })).name;
    assert_eq!(device_info(None).name, "unnamed device");
    assert_eq!(named(" \u{200b}\u{fe0f}"), "unnamed device");
    assert_eq!(named("Anna\u{202e}'s\nphone"), "Anna'sphone");
    assert_eq!(named("phone               address  192.0.2.1"), "phone address 192.0.2.1");
    assert_eq!(named(&"ж".repeat(100)).graphemes(true).count(), 64);
}

#[test]
fn the_default_settings_are_owasps_and_senseless_ones_are_named() {
    let config = AccountsConfig::default();
    assert_eq!((config.password_memory_kib, config.password_passes, config.password_lanes), (19_456, 2, 1));
    assert_eq!(config.problems(), [""; 0]);
    let wrong = AccountsConfig { password_memory_kib: 7, devices_per_account: 0, ..config };
    let problems = wrong.problems();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].contains("devices_per_account") && problems[1].contains("password_memory_kib"));
}
