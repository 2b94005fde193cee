//! Commands about the account: signing in and out, devices, profile, settings, password, recovery codes.

use super::App;
use super::args::{Audience, Devices, Gender, Login, Password, Profile, Recover, Register, Settings, Way};
use super::by_code;
use super::media::send_up;
use super::profile::{SignIn, same_server};
use super::regions;
use super::secret;
use super::text::{line, table};
use std::path::PathBuf;
use teahouse_client::{Kind, Result, Session};
use teahouse_proto::accounts::{
    Account, AddWays, ChangePasswordRequest, Device, GetAccountRequest, ListDevicesRequest, LoginRequest,
    LogoutRequest, PresenceAudience, RecoverRequest, RegisterRequest, RenewRecoveryCodesRequest,
    SignOutDeviceRequest, SignOutOtherDevicesRequest, UpdateProfileRequest, UpdateSettingsRequest,
};
use teahouse_proto::common::{Gender as WireGender, Platform};
use teahouse_proto::media::MediaKind;
use teahouse_proto::{
    ACCOUNTS_CHANGE_PASSWORD, ACCOUNTS_GET_ACCOUNT, ACCOUNTS_LIST_DEVICES, ACCOUNTS_LOGIN, ACCOUNTS_LOGOUT,
    ACCOUNTS_RECOVER, ACCOUNTS_REGISTER, ACCOUNTS_RENEW_RECOVERY_CODES, ACCOUNTS_SIGN_OUT_DEVICE,
    ACCOUNTS_SIGN_OUT_OTHER_DEVICES, ACCOUNTS_UPDATE_PROFILE, ACCOUNTS_UPDATE_SETTINGS, AccountsClient,
};

pub(super) async fn register(app: &App, args: Register) -> Result<()> {
    let request = RegisterRequest {
        password: args.password.read("Password: ", true)?,
        display_name: args.name.unwrap_or_else(|| args.username.clone()),
        username: args.username,
        invitation_code: args.invitation,
        device: Some(args.device.info()),
    };
    let mut answer = AccountsClient(app.stranger().await?).register(request).await?;
    keep(app, answer.account.as_ref(), answer.device_id, &answer.token)?;
    // The token is in the profile; on a screen or in a log it would only get lost.
    answer.token.clear();
    app.out.answer(&ACCOUNTS_REGISTER, &answer, || {
        format!(
            "{}\n\n{}",
            signed_in(app, answer.account.as_ref()),
            codes(&answer.recovery_codes, "they are shown this once")
        )
    })
}

pub(super) async fn login(app: &App, args: Login) -> Result<()> {
    let Some(username) = args.username else { return by_code::login(app, args.device.info()).await };
    let password = args.password.read("Password: ", false)?;
    let request = LoginRequest { username, password, device: Some(args.device.info()) };
    let mut answer = AccountsClient(app.stranger().await?).login(request).await?;
    keep(app, answer.account.as_ref(), answer.device_id, &answer.token)?;
    answer.token.clear();
    app.out.answer(&ACCOUNTS_LOGIN, &answer, || signed_in(app, answer.account.as_ref()))
}

pub(super) async fn recover(app: &App, args: Recover) -> Result<()> {
    let code = match args.code {
        Some(code) => code,
        None => secret::ask("Recovery code: ")?,
    };
    let new_password = args.password.read("New password: ", true)?;
    let request =
        RecoverRequest { username: args.username, code, new_password, device: Some(args.device.info()) };
    let mut answer = AccountsClient(app.stranger().await?).recover(request).await?;
    keep(app, answer.account.as_ref(), answer.device_id, &answer.token)?;
    answer.token.clear();
    app.out.answer(&ACCOUNTS_RECOVER, &answer, || {
        let left = answer.account.as_ref().map_or(0, |a| a.recovery_codes_left);
        format!(
            "{}\nThe new password is set, all other devices are signed out. {left} recovery codes are left.",
            signed_in(app, answer.account.as_ref())
        )
    })
}

/// Keeps a new sign-in in the profile.
pub(super) fn keep(app: &App, account: Option<&Account>, device_id: u64, token: &str) -> Result<()> {
    let account = account.cloned().unwrap_or_default();
    let server = app.server()?;
    // A profile that cannot be read is no reason to lose the sign-in that was just made.
    let before = app.profile.load().ok().flatten();
    if let Some(before) =
        before.filter(|b| b.account_id != account.account_id || !same_server(&b.server, &server))
    {
        app.out.remark(format!(
            "Note: profile “{}” was signed in as {} at {}. It no longer is.",
            app.profile.name(),
            line(&before.username),
            line(&before.server)
        ));
    }
    app.profile.save(&SignIn {
        server,
        username: account.username,
        account_id: account.account_id,
        device_id,
        self_conversation_id: account.self_conversation_id,
        token: token.to_owned(),
    })
}

/// Who is signed in now.
pub(super) fn signed_in(app: &App, account: Option<&Account>) -> String {
    let account = account.cloned().unwrap_or_default();
    let name = account.profile.unwrap_or_default().display_name;
    format!(
        "Signed in as {} ({}), in profile “{}”.",
        line(&name),
        line(&account.username),
        app.profile.name()
    )
}

fn codes(codes: &[String], shown: &str) -> String {
    let pairs: Vec<_> = codes.chunks(2).map(|pair| format!("  {}", pair.join("   "))).collect();
    format!(
        "Recovery codes:\n\n{}\n\nPlease keep them on paper: {shown}, and without your password or one of them\nnobody can get you back into your account. Each works once.",
        line_by_line(&pairs)
    )
}

fn line_by_line(lines: &[String]) -> String {
    lines.iter().map(|l| line(l).into_owned()).collect::<Vec<_>>().join("\n")
}

pub(super) async fn logout(app: &App, local: bool) -> Result<()> {
    let name = app.profile.name().to_owned();
    if local {
        app.profile.remove()?;
        return app.out.answer(&ACCOUNTS_LOGOUT, &teahouse_proto::accounts::LogoutResponse {}, || {
            format!("Profile “{name}” is forgotten here. The server still knows the device.")
        });
    }
    let answer = async {
        let (session, _) = app.session().await?;
        AccountsClient(session).logout(LogoutRequest {}).await
    };
    let was_out = match answer.await {
        Ok(_) => false,
        // A token that is dead already is what was wanted.
        Err(e)
            if e.kind() == Kind::Unauthenticated
                && matches!(e.reason(), "UNAUTHENTICATED" | "SIGNED_OUT") =>
        {
            true
        }
        Err(e) => return Err(e),
    };
    app.profile.remove()?;
    app.out.answer(&ACCOUNTS_LOGOUT, &teahouse_proto::accounts::LogoutResponse {}, || {
        let already = if was_out { " (the server had signed it out before)" } else { "" };
        format!("Profile “{name}” is signed out{already}.")
    })
}

pub(super) async fn whoami(app: &App) -> Result<()> {
    let (session, sign_in) = app.session().await?;
    let answer = AccountsClient(session).get_account(GetAccountRequest {}).await?;
    app.out.answer(&ACCOUNTS_GET_ACCOUNT, &answer, || {
        let account = answer.account.clone().unwrap_or_default();
        let profile = account.profile.clone().unwrap_or_default();
        [
            app.out.bold(&format!("{} ({})", line(&profile.display_name), line(&account.username))),
            format!("account         {}", account.account_id),
            format!("server          {}", line(&sign_in.server)),
            format!("profile         {}", app.profile.name()),
            format!("device          {}", answer.device_id),
            format!("member since    {}", app.out.times.day(account.created_at_ms)),
            format!("recovery codes  {} left", account.recovery_codes_left),
        ]
        .join("\n")
    })
}

pub(super) async fn devices(app: &App, action: Option<Devices>) -> Result<()> {
    let (session, _) = app.session().await?;
    let accounts = AccountsClient(session);
    match action {
        None => {
            let answer = accounts.list_devices(ListDevicesRequest {}).await?;
            app.out.answer(&ACCOUNTS_LIST_DEVICES, &answer, || {
                let rows: Vec<_> = answer.devices.iter().map(|d| device_row(app, d)).collect();
                let used = format!("LAST USED ({})", app.out.times.zone());
                table(["DEVICE", "PLATFORM", "SIGNED IN", &used, "NAME"], &rows)
            })
        }
        Some(Devices::SignOut { id: Some(device_id), .. }) => {
            let answer = accounts.sign_out_device(SignOutDeviceRequest { device_id }).await?;
            app.out
                .answer(&ACCOUNTS_SIGN_OUT_DEVICE, &answer, || format!("Device {device_id} is signed out."))
        }
        Some(Devices::SignOut { id: None, .. }) => {
            let answer = accounts.sign_out_other_devices(SignOutOtherDevicesRequest {}).await?;
            app.out.answer(&ACCOUNTS_SIGN_OUT_OTHER_DEVICES, &answer, || signed_out(answer.signed_out))
        }
    }
}

fn device_row(app: &App, device: &Device) -> [String; 5] {
    let info = device.info.clone().unwrap_or_default();
    let platform = platform_name(info.platform());
    let name = if device.current {
        format!("{} (this one)", line(&info.name))
    } else {
        line(&info.name).into_owned()
    };
    [
        device.device_id.to_string(),
        platform.to_owned(),
        app.out.times.day(device.signed_in_at_ms),
        app.out.times.minute(device.last_used_at_ms),
        name,
    ]
}

/// What a device runs on; nothing where that is not known.
pub(super) fn platform_name(platform: Platform) -> &'static str {
    match platform {
        Platform::Unspecified => "",
        Platform::Android => "Android",
        Platform::Ios => "iOS",
        Platform::Web => "web",
        Platform::Desktop => "desktop",
        Platform::CommandLine => "command line",
        Platform::Bot => "bot",
    }
}

fn signed_out(devices: u32) -> String {
    match devices {
        0 => "No other device was signed in.".to_owned(),
        1 => "One other device is signed out.".to_owned(),
        n => format!("{n} other devices are signed out."),
    }
}

pub(super) async fn profile(app: &App, args: Profile) -> Result<()> {
    let (session, _) = app.session().await?;
    let avatar_media_id = picture(app, &session, args.avatar).await?;
    let stranger_avatar_media_id = picture(app, &session, args.stranger_avatar).await?;
    let region_id = match args.region {
        Some(region) => Some(regions::named(&session, &region).await?),
        None => None,
    };
    let accounts = AccountsClient(session);
    let request = UpdateProfileRequest {
        avatar_media_id,
        stranger_avatar_media_id,
        display_name: args.name,
        gender: args.gender.map(|g| wire_gender(g).into()),
        signature: args.signature,
        stranger_name: args.stranger_name,
        region_id,
    };
    if request == UpdateProfileRequest::default() {
        let answer = accounts.get_account(GetAccountRequest {}).await?;
        let profile = answer.account.unwrap_or_default().profile.unwrap_or_default();
        let answer = teahouse_proto::accounts::UpdateProfileResponse { profile: Some(profile) };
        return app.out.answer(&ACCOUNTS_UPDATE_PROFILE, &answer, || shown_profile(answer.profile.as_ref()));
    }
    let answer = accounts.update_profile(request).await?;
    app.out.answer(&ACCOUNTS_UPDATE_PROFILE, &answer, || shown_profile(answer.profile.as_ref()))
}

/// The id of an uploaded picture; empty where the picture is to go.
async fn picture(app: &App, session: &Session, file: Option<PathBuf>) -> Result<Option<String>> {
    match file {
        None => Ok(None),
        Some(file) if file.as_os_str().is_empty() => Ok(Some(String::new())),
        Some(file) => send_up(app, session, &file, MediaKind::Avatar).await.map(|media| Some(media.media_id)),
    }
}

fn shown_profile(profile: Option<&teahouse_proto::accounts::Profile>) -> String {
    let profile = profile.cloned().unwrap_or_default();
    let stranger =
        if profile.stranger_name.is_empty() { "(the same)".into() } else { line(&profile.stranger_name) };
    [
        format!("name           {}", line(&profile.display_name)),
        format!("gender         {}", gender_name(profile.gender())),
        format!("region         {}", line(&profile.region)),
        format!("signature      {}", line(&profile.signature)),
        format!("stranger name  {stranger}"),
        format!("avatar         {}", line(&profile.avatar)),
        format!("for strangers  {}", line(&profile.stranger_avatar)),
    ]
    .map(|l| l.trim_end().to_owned())
    .join("\n")
}

pub(super) fn wire_gender(gender: Gender) -> WireGender {
    match gender {
        Gender::Female => WireGender::Female,
        Gender::Male => WireGender::Male,
        Gender::Other => WireGender::Other,
        Gender::Unsaid => WireGender::Unspecified,
    }
}

/// What is said of a gender; nothing where nothing was said.
pub(super) fn gender_name(gender: WireGender) -> &'static str {
    match gender {
        WireGender::Unspecified => "",
        WireGender::Female => "female",
        WireGender::Male => "male",
        WireGender::Other => "other",
    }
}

pub(super) async fn settings(app: &App, args: Settings) -> Result<()> {
    let (session, _) = app.session().await?;
    let add_ways = if args.way.is_empty() { None } else { Some(changed_ways(&session, &args.way).await?) };
    let request = UpdateSettingsRequest {
        add_ways,
        friends_must_request: args.friends_must_request.map(super::args::Switch::is_on),
        ask_before_group: args.ask_before_group.map(super::args::Switch::is_on),
        read_receipts: args.read_receipts.map(super::args::Switch::is_on),
        presence: args.presence.map(|audience| audience_of(audience).into()),
    };
    let accounts = AccountsClient(session);
    let answer = if request == UpdateSettingsRequest::default() {
        let answer = accounts.get_account(GetAccountRequest {}).await?;
        teahouse_proto::accounts::UpdateSettingsResponse {
            settings: answer.account.unwrap_or_default().settings,
        }
    } else {
        accounts.update_settings(request).await?
    };
    app.out.answer(&ACCOUNTS_UPDATE_SETTINGS, &answer, || shown_settings(answer.settings.as_ref()))
}

fn audience_of(audience: Audience) -> PresenceAudience {
    match audience {
        Audience::Nobody => PresenceAudience::Nobody,
        Audience::Friends => PresenceAudience::Friends,
    }
}

/// All ways at once, as the server wants them, with the given ones changed.
async fn changed_ways(session: &Session, changes: &[(Way, bool)]) -> Result<AddWays> {
    let answer = AccountsClient(session.clone()).get_account(GetAccountRequest {}).await?;
    let mut ways = answer.account.and_then(|a| a.settings).and_then(|s| s.add_ways).unwrap_or_default();
    for (way, on) in changes {
        let place = match way {
            Way::Username => &mut ways.by_username,
            Way::Qr => &mut ways.by_qr,
            Way::Group => &mut ways.by_group,
            Way::ContactCard => &mut ways.by_contact_card,
            Way::LookAround => &mut ways.by_look_around,
            Way::Shake => &mut ways.by_shake,
            Way::Bottle => &mut ways.by_bottle,
        };
        *place = *on;
    }
    Ok(ways)
}

fn shown_settings(settings: Option<&teahouse_proto::accounts::Settings>) -> String {
    let settings = settings.cloned().unwrap_or_default();
    let ways = settings.add_ways.unwrap_or_default();
    let switches = [
        ("friends must request", settings.friends_must_request),
        ("ask before group", settings.ask_before_group),
        ("read receipts", settings.read_receipts),
        ("friends see presence", settings.presence() == PresenceAudience::Friends),
        ("found by username", ways.by_username),
        ("found by qr", ways.by_qr),
        ("found by group", ways.by_group),
        ("found by contact-card", ways.by_contact_card),
        ("found by look-around", ways.by_look_around),
        ("found by shake", ways.by_shake),
        ("found by bottle", ways.by_bottle),
    ];
    switches.map(|(name, on)| format!("{name:<22} {}", if on { "on" } else { "off" })).join("\n")
}

pub(super) async fn password(app: &App, args: Password) -> Result<()> {
    let new_password = args.password.read("New password: ", true)?;
    let (session, _) = app.session().await?;
    let answer = AccountsClient(session).change_password(ChangePasswordRequest { new_password }).await?;
    app.out.answer(&ACCOUNTS_CHANGE_PASSWORD, &answer, || {
        format!("The new password is set. {}", signed_out(answer.signed_out))
    })
}

pub(super) async fn recovery_codes(app: &App) -> Result<()> {
    let (session, _) = app.session().await?;
    let answer = AccountsClient(session).renew_recovery_codes(RenewRecoveryCodesRequest {}).await?;
    app.out.answer(&ACCOUNTS_RENEW_RECOVERY_CODES, &answer, || {
        codes(&answer.recovery_codes, "they are shown this once, the old ones are dead")
    })
}
