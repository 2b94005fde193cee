//! Profile and switches.

use super::*;
use crate::features::accounts::load;
use crate::id::ConversationId;
use crate::time::{DAY, Time};
use teahouse_proto::accounts::{
    AddWays, DoNotDisturb, PresenceAudience, UpdateNotificationsRequest, UpdateProfileRequest,
    UpdateSettingsRequest,
};
use teahouse_proto::common::{Gender, Way};

async fn update(room: &Room, token: &str, request: UpdateProfileRequest) -> Result<()> {
    let cx = room.with_token(token).await.unwrap();
    room.accounts.update_profile(&cx, request).await.map(drop)
}

async fn rename(room: &Room, made: &RegisterResponse, name: &str) -> Result<()> {
    let request = UpdateProfileRequest { display_name: Some(name.into()), ..Default::default() };
    update(room, &made.token, request).await
}

async fn was(room: &Room, made: &RegisterResponse) -> String {
    let person = load(room.store(), AccountId(account(made).account_id)).await.unwrap().unwrap();
    person.former_display_name(room.clock.now()).to_owned()
}

#[tokio::test]
async fn fields_that_are_present_change_and_devices_are_told() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let request = UpdateProfileRequest {
        gender: Some(Gender::Female.into()),
        signature: Some("tea at five".into()),
        stranger_name: Some("A.".into()),
        region_id: Some(1_808_926),
        ..Default::default()
    };
    update(&room, &made.token, request).await.unwrap();
    let told = room.told(account(&made)).await;
    let [What::AccountChanged(now)] = &told[..] else { panic!("{told:?}") };
    let profile = now.profile.as_ref().unwrap();
    assert_eq!((profile.display_name.as_str(), profile.gender()), ("Anna", Gender::Female));
    assert_eq!((profile.signature.as_str(), profile.stranger_name.as_str()), ("tea at five", "A."));
    assert_eq!((profile.region_id, profile.region.as_str()), (1_808_926, "Hangzhou, Zhejiang, China"));
    let person = load(room.store(), AccountId(now.account_id)).await.unwrap().unwrap();
    let card = person.card();
    assert_eq!(
        (card.display_name.as_str(), card.gender(), card.signature.as_str(), card.region.as_str()),
        ("Anna", Gender::Female, "tea at five", "Hangzhou, Zhejiang, China")
    );

    update(&room, &made.token, UpdateProfileRequest::default()).await.unwrap();
    assert_eq!(room.told(account(&made)).await.len(), 1, "no change, no word");
    let clear =
        UpdateProfileRequest { stranger_name: Some(String::new()), region_id: Some(0), ..Default::default() };
    update(&room, &made.token, clear).await.unwrap();
    let person = load(room.store(), AccountId(account(&made).account_id)).await.unwrap().unwrap();
    assert_eq!((person.region_id, person.card().region), (0, String::new()));
}

#[tokio::test]
async fn pictures_change_with_their_uploads() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let picture =
        |media: &str| UpdateProfileRequest { avatar_media_id: Some(media.into()), ..Default::default() };
    let shown = async || {
        let person = load(room.store(), AccountId(account(&made).account_id)).await.unwrap().unwrap();
        (person.card().avatar, person.stranger_avatar)
    };
    update(&room, &made.token, picture("a")).await.unwrap();
    assert_eq!(shown().await, ("a after \"\"".to_owned(), String::new()));
    let refused = update(&room, &made.token, picture("missing")).await.unwrap_err();
    assert_eq!(refused.reason(), "MEDIA_NOT_FOUND");
    let other = UpdateProfileRequest { stranger_avatar_media_id: Some("s".into()), ..picture("") };
    update(&room, &made.token, other).await.unwrap();
    assert_eq!(shown().await, (String::new(), "s after \"\"".to_owned()), "empty removes");
    update(&room, &made.token, UpdateProfileRequest::default()).await.unwrap();
    assert_eq!(shown().await.1, "s after \"\"");
}

#[tokio::test]
async fn what_cannot_be_shown_is_refused() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let some = |s: &str| Some(s.to_owned());
    let empty = UpdateProfileRequest::default();
    for (request, why) in [
        (UpdateProfileRequest { display_name: some(""), ..empty.clone() }, "DISPLAY_NAME_INVALID"),
        (UpdateProfileRequest { stranger_name: some("\u{2066}x"), ..empty.clone() }, "DISPLAY_NAME_INVALID"),
        (UpdateProfileRequest { signature: Some("x".repeat(61)), ..empty.clone() }, "SIGNATURE_INVALID"),
        (UpdateProfileRequest { signature: some("two\nlines"), ..empty.clone() }, "SIGNATURE_INVALID"),
        (UpdateProfileRequest { region_id: Some(7), ..empty.clone() }, "REGION_NOT_FOUND"),
        (UpdateProfileRequest { gender: Some(99), ..empty }, "GENDER_INVALID"),
    ] {
        assert_eq!(reason(update(&room, &made.token, request).await), why);
    }
    assert!(room.told(account(&made)).await.is_empty());
}

#[tokio::test]
async fn a_display_name_changes_five_times_in_thirty_days() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    for n in 0..5 {
        rename(&room, &made, &format!("Anna {n}")).await.unwrap();
    }
    let refused = rename(&room, &made, "Anna 5").await.unwrap_err();
    assert_eq!(refused.reason(), "RATE_LIMITED");
    assert!(refused.retry_after_ms() > 29 * 86_400_000);
    rename(&room, &made, "Anna 4").await.unwrap();
    room.clock.advance(DAY * 30);
    rename(&room, &made, "Anna 5").await.unwrap();
}

#[tokio::test]
async fn friends_see_the_former_name_for_a_week() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    assert_eq!(was(&room, &made).await, "");
    rename(&room, &made, "Bella").await.unwrap();
    assert_eq!(was(&room, &made).await, "Anna");
    room.clock.advance(DAY * 5);
    rename(&room, &made, "Carla").await.unwrap();
    assert_eq!(was(&room, &made).await, "Anna", "a second change does not hide the name that friends know");
    room.clock.advance(DAY * 6);
    assert_eq!(was(&room, &made).await, "Anna");
    rename(&room, &made, "Anna").await.unwrap();
    assert_eq!(was(&room, &made).await, "Carla");
    room.clock.advance(DAY * 7);
    assert_eq!(was(&room, &made).await, "");
}

#[tokio::test]
async fn switches_that_are_present_change() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let cx = room.with_token(&made.token).await.unwrap();
    let request = UpdateSettingsRequest { ask_before_group: Some(true), ..Default::default() };
    let settings = room.accounts.update_settings(&cx, request).await.unwrap().settings.unwrap();
    assert!(settings.ask_before_group && settings.friends_must_request);
    assert_eq!(settings.add_ways, account(&made).settings.unwrap().add_ways);

    let ways = AddWays { by_qr: true, ..Default::default() };
    let request = UpdateSettingsRequest {
        add_ways: Some(ways),
        friends_must_request: Some(false),
        ..Default::default()
    };
    room.accounts.update_settings(&cx, request).await.unwrap();
    let person = load(room.store(), cx.account().unwrap()).await.unwrap().unwrap();
    assert!(person.can_be_added_by(Way::Qr) && !person.can_be_added_by(Way::Username));
    assert!(!person.friends_must_request && person.ask_before_group);
    assert_eq!(room.told(account(&made)).await.len(), 2);
    room.accounts.update_settings(&cx, UpdateSettingsRequest::default()).await.unwrap();
    assert_eq!(room.told(account(&made)).await.len(), 2);
}

#[tokio::test]
async fn receipts_and_presence_are_off_until_they_are_switched_on() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let settings = account(&made).settings.unwrap();
    assert!(!settings.read_receipts && settings.presence() == PresenceAudience::Nobody);
    let cx = room.with_token(&made.token).await.unwrap();
    let mut on = UpdateSettingsRequest { read_receipts: Some(true), ..Default::default() };
    on.set_presence(PresenceAudience::Friends);
    let settings = room.accounts.update_settings(&cx, on).await.unwrap().settings.unwrap();
    assert!(settings.read_receipts && settings.presence() == PresenceAudience::Friends);
    assert!(settings.friends_must_request, "what is absent stays");
    let person = load(room.store(), AccountId(account(&made).account_id)).await.unwrap().unwrap();
    assert!(person.read_receipts && person.shows_presence);
    let unknown = UpdateSettingsRequest { presence: Some(99), ..Default::default() };
    let settings = room.accounts.update_settings(&cx, unknown).await.unwrap().settings.unwrap();
    assert_eq!(settings.presence(), PresenceAudience::Nobody, "what is not understood hides");
}

#[tokio::test]
async fn notifications_that_are_present_change_and_devices_are_told() {
    let room = Room::new();
    let made = room.register("anna_01").await;
    let all_on = account(&made).notifications.clone().unwrap();
    assert!(all_on.previews && all_on.greetings && all_on.bottles && all_on.moments && all_on.subscriptions);
    assert!(!all_on.do_not_disturb.as_ref().unwrap().enabled);
    let cx = room.with_token(&made.token).await.unwrap();
    let night =
        DoNotDisturb { enabled: true, from_minute: 1320, to_minute: 420, time_zone: "asia/tokyo".into() };
    let request = UpdateNotificationsRequest {
        do_not_disturb: Some(night.clone()),
        bottles: Some(false),
        ..Default::default()
    };
    let kept = room.accounts.update_notifications(&cx, request.clone()).await.unwrap().notifications.unwrap();
    let named = DoNotDisturb { time_zone: "Asia/Tokyo".into(), ..night };
    assert_eq!((kept.do_not_disturb.clone(), kept.bottles, kept.previews), (Some(named), false, true));
    room.accounts.update_notifications(&cx, request).await.unwrap();
    let told = room.told(account(&made)).await;
    let [What::AccountChanged(now)] = &told[..] else { panic!("told once: {told:?}") };
    assert_eq!(now.notifications.as_ref(), Some(&kept));
    let nowhere =
        DoNotDisturb { enabled: true, to_minute: 1, time_zone: "Nowhere".into(), ..Default::default() };
    let request = UpdateNotificationsRequest { do_not_disturb: Some(nowhere), ..Default::default() };
    let refused = room.accounts.update_notifications(&cx, request).await.unwrap_err();
    assert_eq!(refused.reason(), "TIME_ZONE_INVALID");
}

/// Counts the new names and pictures that it is told of.
#[derive(Default)]
struct Faces(std::sync::atomic::AtomicUsize);

impl AccountHooks for Faces {
    fn on_registered(&self, _: &mut Tx<'_>, _: AccountId, _: ConversationId, _: Time) -> Result<()> {
        Ok(())
    }

    fn on_new_face(&self, _: &mut Tx<'_>, _: AccountId) -> Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn later_rooms_hear_of_a_new_name_and_of_nothing_else() {
    let faces = Arc::new(Faces::default());
    let room = Room::build(false, |_| (), vec![faces.clone()]);
    let made = room.register("anna_01").await;
    rename(&room, &made, "Anna K.").await.unwrap();
    rename(&room, &made, "Anna K.").await.unwrap();
    let signed = UpdateProfileRequest { signature: Some("tea at five".into()), ..Default::default() };
    update(&room, &made.token, signed).await.unwrap();
    assert_eq!(faces.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn caches_of_faces_hear_of_what_others_may_see_only() {
    let mut room = Room::new();
    let made = room.register("anna_01").await;
    let cx = room.with_token(&made.token).await.unwrap();
    room.faces().await;
    rename(&room, &made, "Bella").await.unwrap();
    let off = UpdateSettingsRequest { add_ways: Some(AddWays::default()), ..Default::default() };
    room.accounts.update_settings(&cx, off).await.unwrap();
    assert_eq!(room.faces().await, [AccountId(account(&made).account_id); 2]);
    rename(&room, &made, "Bella").await.unwrap();
    let quiet = UpdateNotificationsRequest { previews: Some(false), ..Default::default() };
    room.accounts.update_notifications(&cx, quiet).await.unwrap();
    assert_eq!(room.faces().await, []);
}
