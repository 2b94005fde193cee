//! The commands. Each asks a server through the client library and says what came of it; none knows how calls travel.

mod account;
mod args;
mod by_code;
mod calls;
mod changes;
mod contacts;
mod export;
mod favourites;
mod fellows;
mod follow;
mod group;
mod kinds;
mod media;
mod mentions;
mod nearby;
mod notices;
mod options;
mod output;
mod passing;
mod people;
mod place;
mod profile;
mod qr;
mod qr_code;
mod readers;
mod regions;
mod requests;
mod safety;
mod scan;
mod secret;
mod sending;
mod stickers;
mod talk;
mod text;

pub(crate) use args::Args;

use args::{Command, Global};
use clap::CommandFactory as _;
use output::Output;
use profile::{Profile, SignIn, same_server};
use std::process::ExitCode;
use teahouse_client::{Connection, Connector, Error, Kind, Result, Session, schema};
use teahouse_proto::gateway::Failure;

/// Where a server is when nothing else is said.
const DEFAULT_SERVER: &str = "http://127.0.0.1:7600";

/// What every command works with.
pub(crate) struct App {
    pub(crate) out: Output,
    pub(crate) profile: Profile,
    global: Global,
}

/// Runs one command.
pub(crate) async fn run(args: Args) -> ExitCode {
    let out = Output::new(args.global.json);
    let outcome = match Profile::named(&args.global.profile) {
        Ok(profile) => {
            let app = App { out, profile, global: args.global };
            let outcome = Box::pin(dispatch(&app, args.command)).await;
            outcome.map_err(|error| (error, app.out))
        }
        Err(error) => Err((error, out)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err((error, out)) => fail(&out, &error),
    }
}

/// Where not even a runtime came about.
pub(crate) fn cannot_start(error: &std::io::Error) -> ExitCode {
    let error = Error::new(Kind::Local, "CANNOT_START", format!("The system gives no resources: {error}."));
    fail(&Output::new(false), &error)
}

async fn dispatch(app: &App, command: Command) -> Result<()> {
    match command {
        Command::Register(args) => account::register(app, args).await,
        Command::Login(args) => account::login(app, args).await,
        Command::Logout { local } => account::logout(app, local).await,
        Command::Whoami => account::whoami(app).await,
        Command::Devices { action } => account::devices(app, action).await,
        Command::Profile(args) => account::profile(app, args).await,
        Command::Regions(args) => regions::list(app, args).await,
        Command::Settings(args) => account::settings(app, args).await,
        Command::Password(args) => account::password(app, args).await,
        Command::RecoveryCodes => account::recovery_codes(app).await,
        Command::Recover(args) => account::recover(app, args).await,
        Command::Search { username } => requests::search(app, username).await,
        Command::Add { username, text } => requests::add(app, username, text).await,
        Command::Requests { sent } => requests::list(app, sent).await,
        Command::Accept { who } => requests::accept(app, &who).await,
        Command::Ignore { who } => requests::ignore(app, &who).await,
        Command::Reply { who, text } => requests::reply(app, &who, text).await,
        Command::Options(command) => options::run(app, command).await,
        Command::Friends { tag } => contacts::friends(app, tag).await,
        Command::Remark { who, text } => contacts::remark(app, &who, text).await,
        Command::Tag { who, tags, none } => contacts::tag(app, &who, tags, none).await,
        Command::Tags { rename, remove } => contacts::tags(app, rename, remove).await,
        Command::Star { who, off } => contacts::star(app, &who, !off).await,
        Command::Privacy(args) => contacts::privacy(app, args).await,
        Command::Block { who } => contacts::block(app, &who).await,
        Command::Unblock { who } => contacts::unblock(app, &who).await,
        Command::Blocked => contacts::blocked(app).await,
        Command::DeleteFriend { who, yes } => contacts::delete(app, &who, yes).await,
        Command::Nearby(command) => nearby::run(app, command).await,
        Command::Safety(command) => safety::run(app, command).await,
        Command::Group(args) => group::run(app, args).await,
        Command::Qr(args) => qr::show(app, args).await,
        Command::Scan(args) => scan::scan(app, args).await,
        Command::Send(args) => talk::send(app, args).await,
        Command::SendPicture(args) => media::send_pictures(app, args).await,
        Command::SendVoice(args) => media::send_voice(app, args).await,
        Command::SendVideo(args) => media::send_video(app, args).await,
        Command::SendFile(args) => media::send_file(app, args).await,
        Command::SendSticker(args) => media::send_sticker(app, args).await,
        Command::Download(args) => media::download(app, args).await,
        Command::Upload(args) => media::upload(app, args).await,
        Command::Export(args) => export::run(app, args).await,
        Command::Quota => media::quota(app).await,
        Command::Favourite(args) => favourites::run(app, args).await,
        Command::Sticker(args) => stickers::run(app, args).await,
        Command::Sending(command) => sending::run(app, command).await,
        Command::History(args) => talk::history(app, args).await,
        Command::Conversations { unread, hidden } => talk::conversations(app, unread, hidden).await,
        Command::Read { who, seq } => talk::read(app, &who, seq).await,
        Command::Change(change) => changes::run(app, change).await,
        Command::Follow(args) => follow::follow(app, &args).await,
        Command::Call { method, request } => calls::call(app, &method, request).await,
        Command::Methods => calls::methods(app),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "teahouse", &mut script);
            app.out.say(String::from_utf8_lossy(&script).trim_end())
        }
    }
}

impl App {
    fn connector(&self, server: &str) -> Result<Connector> {
        let connector = Connector::new(server)?.transport(self.global.transport);
        match &self.global.ca_file {
            Some(path) => connector.ca_file(path),
            None => Ok(connector),
        }
    }

    /// The server as given, or of the profile, or the default.
    pub(crate) fn server(&self) -> Result<String> {
        if let Some(server) = &self.global.server {
            return Ok(server.clone());
        }
        Ok(self.profile.load()?.map_or_else(|| DEFAULT_SERVER.to_owned(), |s| s.server))
    }

    /// A connection that is not signed in. Open it only when everything that the user has to type is typed: a server
    /// drops who does not sign in for 10 s.
    pub(crate) async fn stranger(&self) -> Result<Connection> {
        let connector = self.connector(&self.server()?)?;
        let endpoint = connector.endpoint();
        if !endpoint.is_secure() && !endpoint.is_loopback() {
            self.out.remark(format!("Note: the connection to {endpoint} is not encrypted."));
        }
        connector.connect().await
    }

    /// The sign-in of the profile. It is not shown to another server than the one it is for.
    pub(crate) fn sign_in(&self) -> Result<SignIn> {
        let name = self.profile.name();
        let signed_in = self.profile.load()?.ok_or_else(|| {
            let message = format!(
                "Profile “{name}” is not signed in. `teahouse login` or `teahouse register` does it."
            );
            Error::new(Kind::Unauthenticated, "NOT_SIGNED_IN", message)
        })?;
        match &self.global.server {
            Some(server) if !same_server(server, &signed_in.server) => {
                let message = format!(
                    "Profile “{name}” is signed in at {}, not at {server}. Sign in there first, perhaps with another --profile.",
                    signed_in.server
                );
                Err(Error::new(Kind::Unauthenticated, "OTHER_SERVER", message))
            }
            _ => Ok(signed_in),
        }
    }

    /// The profile's session, connected, and its sign-in.
    pub(crate) async fn session(&self) -> Result<(Session, SignIn)> {
        let sign_in = self.sign_in()?;
        let session = Session::new(self.connector(&sign_in.server)?.token(&sign_in.token));
        // Who cannot connect at all wants to know it now, and not after the patience of a session.
        session.connection().await?;
        Ok((session, sign_in))
    }
}

/// Says why a command failed, and gives its exit code.
fn fail(out: &Output, error: &Error) -> ExitCode {
    if error.reason() == output::BROKEN_PIPE {
        return ExitCode::SUCCESS;
    }
    if out.is_json() {
        // Where even this cannot be written, the exit code still tells.
        let _ = out.document(&failure_json(error).to_string());
    }
    out.remark(text::block(error.message(), 0));
    if let Some(hint) = hint(error) {
        out.remark(hint);
    }
    ExitCode::from(exit_code(error))
}

/// As one document: `{"failure":{"kind":…,"reason":…,"message":…}}`.
pub(crate) fn failure_json(error: &Error) -> serde_json::Value {
    let failure: Failure = error.to_failure();
    let failure = schema::message_to_json("teahouse.gateway.v1.Failure", &failure).unwrap_or_default();
    serde_json::json!({ "failure": serde_json::from_str::<serde_json::Value>(&failure).unwrap_or_default() })
}

fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        Kind::Misuse => 2,
        Kind::Unreachable | Kind::Lost | Kind::TimedOut => 3,
        _ => 1,
    }
}

/// What to do on this command line, where the server's own sentence cannot know it.
fn hint(error: &Error) -> Option<&'static str> {
    match error.reason() {
        "UNAUTHENTICATED" | "SIGNED_OUT" => Some("`teahouse login` signs this profile in again."),
        "NOT_FRIENDS" => Some("`teahouse add USERNAME` asks them to become friends."),
        "NOT_ALLOWED" => Some("`teahouse group show GROUP` lists what you may do in it."),
        "OWNER_CANNOT_LEAVE" => Some(
            "`teahouse group transfer GROUP MEMBER` hands it over, `teahouse group dissolve GROUP` ends it.",
        ),
        "AGE_NOT_CONFIRMED" => Some("`--on --adult` says that you are 18 or older and switches it on."),
        "PLUG_IN_OFF" => Some("`teahouse around --on` and `teahouse shake --on` switch these on."),
        "RESTRICTED" | "PLUG_IN_CLOSED" => {
            Some("`teahouse sanctions` shows what is closed to you, and until when.")
        }
        "POSITION_CLOSED" => Some("`teahouse around` shows from when on a place of yours is taken again."),
        "POSITION_INACCURATE" => Some("`--accuracy METRES` says within how many metres the place is sure."),
        "STRANGER_NOT_FOUND" => {
            Some("Strangers are known for 48 hours after they were found: look around or shake anew.")
        }
        "GREETING_NOT_FOUND" => Some("`teahouse greetings` lists those that you got in the last 7 days."),
        "CHAT_ENDED" => {
            Some("Chats with strangers end 7 days after their last message, or when one of the two leaves.")
        }
        "CODE_EXPIRED" => Some("`teahouse login --qr` shows a new one."),
        "USERNAME_TAKEN" => Some("If it is yours, `teahouse login` signs you in."),
        "REPLACED" => {
            Some("Another `teahouse follow` of this profile runs; use another --profile beside it.")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_who_is_at_fault() {
        for (kind, code) in [
            (Kind::NotFound, 1),
            (Kind::Local, 1),
            (Kind::Misuse, 2),
            (Kind::Unreachable, 3),
            (Kind::TimedOut, 3),
        ] {
            assert_eq!(exit_code(&Error::new(kind, "R", "m")), code, "{kind:?}");
        }
    }

    #[test]
    fn failures_are_documents() {
        let document = failure_json(&Error::new(Kind::NotFound, "FRIEND_NOT_FOUND", "No “x”."));
        let expected = serde_json::json!({"failure": {
            "kind": "FAILURE_KIND_NOT_FOUND", "reason": "FRIEND_NOT_FOUND", "message": "No “x”."
        }});
        assert_eq!(document, expected);
        let document = failure_json(&Error::new(Kind::Unreachable, "UNREACHABLE", "m"));
        assert_eq!(document, serde_json::json!({"failure": {"reason": "UNREACHABLE", "message": "m"}}));
    }
}
