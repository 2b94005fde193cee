//! `teahouse login --qr`: shows a code, and waits until somebody who is signed in has scanned it and decided.

use super::App;
use super::account::{keep, signed_in};
use super::qr_code;
use super::text::line;
use futures::StreamExt as _;
use teahouse_client::{Error, Kind, Result, schema};
use teahouse_proto::accounts::DeviceInfo;
use teahouse_proto::qr::sign_in_by_code_response::Event as What;
use teahouse_proto::qr::{Code, SignInByCodeRequest, SignInByCodeResponse};
use teahouse_proto::{QR_SIGN_IN_SIGN_IN_BY_CODE, QrSignInClient};

pub(super) async fn login(app: &App, device: DeviceInfo) -> Result<()> {
    let client = QrSignInClient(app.stranger().await?);
    let mut events = client.sign_in_by_code(SignInByCodeRequest { device: Some(device) }).await?;
    while let Some(event) = events.next().await {
        let mut event = event?.event;
        if let Some(What::SignedIn(login)) = &mut event {
            keep(app, login.account.as_ref(), login.device_id, &login.token)?;
            // The token is in the profile; on a screen or in a log it would only get lost.
            login.token.clear();
        }
        if app.out.is_json() {
            let event = SignInByCodeResponse { event: event.clone() };
            app.out.document(&schema::message_to_json(QR_SIGN_IN_SIGN_IN_BY_CODE.response, &event)?)?;
        }
        match event {
            Some(What::SignedIn(_)) if app.out.is_json() => return Ok(()),
            Some(What::SignedIn(login)) => return app.out.say(signed_in(app, login.account.as_ref())),
            Some(What::Refused(_)) => return Err(refused()),
            _ if app.out.is_json() => {}
            Some(What::Code(code)) => show(app, &code)?,
            Some(What::Scanned(_)) => app.out.remark("Somebody has scanned it, and decides now."),
            None => {}
        }
    }
    Err(Error::new(Kind::Protocol, "STREAM_ENDED", "The server ended without an answer. Try again."))
}

fn show(app: &App, code: &Code) -> Result<()> {
    app.out.say(format!("{}\n{}", qr_code::drawn(&code.url, app.out.has_colour())?, line(&code.url)))?;
    let until = app.out.times.clock(code.expires_at_ms);
    app.out.remark(format!("Scan it with a device that is signed in, before {until}, and say yes there."));
    Ok(())
}

fn refused() -> Error {
    let message = "Whoever scanned the code refused this device. Nothing was signed in.";
    Error::new(Kind::Forbidden, "REFUSED", message)
}
