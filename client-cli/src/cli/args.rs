//! The command line: every command, its arguments and their help. It does nothing.

use super::{favourites, group, media, qr, scan, stickers};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use teahouse_client::Transport;

/// Teahouse on the command line.
///
/// Wherever WHO is wanted, a friend's username, your remark for them, their display name or their id will do, as long as
/// it can mean only one; for a conversation also the name of a group, or of a stranger you have a chat with.
#[derive(Debug, Parser)]
#[command(name = "teahouse", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Global {
    /// Where the server is. Default: where the profile is signed in, else http://127.0.0.1:7600.
    #[arg(long, global = true, value_name = "URL", env = "TEAHOUSE_SERVER")]
    pub(crate) server: Option<String>,
    /// Which of your sign-ins to use; each is a device of its own.
    #[arg(long, global = true, value_name = "NAME", env = "TEAHOUSE_PROFILE", default_value = "default")]
    pub(crate) profile: String,
    /// What carries the calls.
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        default_value = "ws",
        value_parser = PossibleValuesParser::new(Transport::ALL.map(Transport::name)).try_map(|n| n.parse::<Transport>())
    )]
    pub(crate) transport: Transport,
    /// Answer in JSON, one document a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Trust the authorities of this PEM file instead of the system's.
    #[arg(long, global = true, value_name = "FILE", env = "TEAHOUSE_CA_FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make an account and sign in.
    Register(Register),
    /// Sign in.
    Login(Login),
    /// Sign this profile out.
    Logout {
        /// Only forget the sign-in here, without telling the server.
        #[arg(long)]
        local: bool,
    },
    /// Show who is signed in.
    Whoami,
    /// List the devices that are signed in, or sign some out.
    Devices {
        #[command(subcommand)]
        action: Option<Devices>,
    },
    /// Show your profile, or change what is given.
    Profile(Profile),
    /// List the regions that your profile may name: the countries, or what lies in one, or has a name.
    Regions(super::regions::Regions),
    /// Show your switches, or change what is given.
    Settings(Settings),
    /// Set a new password. All your other devices are signed out.
    Password(Password),
    /// Make eight new recovery codes. The old ones die.
    RecoveryCodes,
    /// Set a new password with a recovery code and sign in. All other devices are signed out.
    Recover(Recover),
    /// Find a person by exact username.
    Search { username: String },
    /// Ask somebody to become friends.
    Add {
        username: String,
        /// What to say with it.
        #[arg(long, default_value = "")]
        text: String,
    },
    /// List who asks to become friends.
    Requests {
        /// Those you sent instead.
        #[arg(long)]
        sent: bool,
    },
    /// Accept a request: by username, name or number of the request.
    Accept { who: String },
    /// Put a request away without a word.
    Ignore { who: String },
    /// Answer a request with a text before deciding.
    Reply { who: String, text: String },
    #[command(flatten)]
    Options(super::options::Command),
    /// List your friends.
    Friends {
        /// Only those with this tag.
        #[arg(long, default_value = "")]
        tag: String,
    },
    /// Call a friend something else. Without a text: take the remark away.
    Remark {
        who: String,
        #[arg(default_value = "")]
        text: String,
    },
    /// Show a friend's tags, or set them all.
    Tag {
        who: String,
        tags: Vec<String>,
        /// Take all tags away.
        #[arg(long, conflicts_with = "tags")]
        none: bool,
    },
    /// List your tags, rename one, or remove one.
    Tags {
        #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "remove")]
        rename: Option<Vec<String>>,
        #[arg(long, value_name = "TAG")]
        remove: Option<String>,
    },
    /// Star a friend.
    Star {
        who: String,
        /// Take the star away.
        #[arg(long)]
        off: bool,
    },
    /// Show what a friend and you see of each other, or change what is given.
    Privacy(Privacy),
    /// Block a person: neither reaches nor sees the other, and they are not told.
    Block { who: String },
    /// End a block. What was before is there again.
    Unblock { who: String },
    /// List whom you block.
    Blocked,
    /// Delete a friend, silently. You lose the conversation with its history.
    DeleteFriend {
        who: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    #[command(flatten)]
    Nearby(super::nearby::Command),
    #[command(flatten)]
    Safety(super::safety::Command),
    /// Make groups, change them, come into them and leave them. Without an action: list yours.
    Group(group::Groups),
    /// Show your QR code, which others scan to add you, or your code for a group, which others scan to join.
    Qr(qr::ShowCode),
    /// Read QR codes out of a picture, and do what they are for: ask a person, join a group, let a device sign in.
    Scan(scan::Scan),
    /// Send a text to a friend, a group, a conversation by id, or to yourself as `me`. `@Name` mentions somebody, `@all`
    /// everybody in a group.
    Send(Send),
    /// Send one picture, or an album of up to 9.
    SendPicture(media::SendPictures),
    /// Send a voice message of at most 60 seconds.
    SendVoice(media::SendFile),
    /// Send a video of at most 5 minutes.
    SendVideo(media::SendVideo),
    /// Send a file as it is, at most 100 MiB.
    SendFile(media::SendFile),
    /// Send a sticker: a picture, one that you keep, or one of a pack.
    SendSticker(media::SendSticker),
    /// Fetch the files of a message.
    Download(media::Download),
    /// Upload a file and show its id, for `teahouse call`.
    Upload(media::Upload),
    /// Save all that the server has of you for you to see, as a tar archive of JSON and media.
    Export(super::export::Export),
    /// Show how much of your upload quota is used.
    Quota,
    /// Keep messages for yourself, list and send them.
    Favourite(favourites::Favourites),
    /// Make, collect and keep stickers.
    Sticker(stickers::Stickers),
    #[command(flatten)]
    Sending(super::sending::Command),
    /// Show what was said.
    History(History),
    /// List your conversations, the latest first.
    #[command(alias = "chats")]
    Conversations {
        /// Only those with something unread.
        #[arg(long)]
        unread: bool,
        /// Those that you have hidden, too.
        #[arg(long)]
        hidden: bool,
    },
    /// Mark a conversation as read.
    Read {
        who: String,
        /// Up to this number. Default: all of it.
        seq: Option<u64>,
    },
    #[command(flatten)]
    Change(super::changes::Change),
    /// Show what arrives, as it happens, until Ctrl-C. Goes on where it left off.
    Follow(Follow),
    /// Call any method with a request in JSON; `-` reads it from standard input.
    Call {
        /// As `chat.SendMessage`; `teahouse methods` lists all.
        method: String,
        #[arg(default_value = "{}")]
        request: String,
    },
    /// List all methods that can be called.
    Methods,
    /// Print a completion script for a shell.
    Completions { shell: clap_complete::Shell },
}

#[derive(Debug, Default, ClapArgs)]
pub(crate) struct NewPassword {
    /// The password. Others on this machine can see it while the command runs; without it you are asked.
    #[arg(long, conflicts_with = "password_stdin")]
    pub(crate) password: Option<String>,
    /// Read the password from the first line of standard input.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Register {
    /// 6 to 20 letters, digits, `_`, `-`; begins with a letter. Never changes.
    pub(crate) username: String,
    #[command(flatten)]
    pub(crate) password: NewPassword,
    /// What others see. Default: the username.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where registration is by invitation.
    #[arg(long, default_value = "")]
    pub(crate) invitation: String,
    #[command(flatten)]
    pub(crate) device: DeviceName,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DeviceName {
    /// What your list of devices calls this one. Default: the name of this machine.
    #[arg(long, value_name = "NAME")]
    pub(crate) device_name: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Login {
    #[arg(required_unless_present = "qr")]
    pub(crate) username: Option<String>,
    /// Show a QR code instead, and be let in by a device that is signed in and scans it.
    #[arg(long, conflicts_with_all = ["username", "password", "password_stdin"])]
    pub(crate) qr: bool,
    #[command(flatten)]
    pub(crate) password: NewPassword,
    #[command(flatten)]
    pub(crate) device: DeviceName,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Devices {
    /// Sign devices out.
    SignOut {
        /// The number of a device.
        #[arg(required_unless_present = "others")]
        id: Option<u64>,
        /// All but this one.
        #[arg(long, conflicts_with = "id")]
        others: bool,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Profile {
    /// 1 to 32 characters.
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[arg(long)]
    pub(crate) gender: Option<Gender>,
    /// At most 60 characters.
    #[arg(long)]
    pub(crate) signature: Option<String>,
    /// Where you are of: a name or number of `teahouse regions`; empty: not said.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Another name for the plug-ins; empty: the same.
    #[arg(long)]
    pub(crate) stranger_name: Option<String>,
    /// A picture of you; empty: none.
    #[arg(long, value_name = "FILE")]
    pub(crate) avatar: Option<PathBuf>,
    /// Another picture for the plug-ins; empty: the same.
    #[arg(long, value_name = "FILE")]
    pub(crate) stranger_avatar: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Gender {
    Female,
    Male,
    Other,
    Unsaid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        self == Self::On
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Settings {
    /// A way by which others may find and add you; may be repeated, as `--way username=off --way qr=on`.
    #[arg(long, value_name = "WAY=on|off", value_parser = way)]
    pub(crate) way: Vec<(Way, bool)>,
    /// Off: whoever finds you becomes your friend without asking.
    #[arg(long)]
    pub(crate) friends_must_request: Option<Switch>,
    /// Ask before somebody puts you into a group.
    #[arg(long)]
    pub(crate) ask_before_group: Option<Switch>,
    /// In chats with friends who have it on, too: let them see how far you have read, and see how far they have.
    #[arg(long)]
    pub(crate) read_receipts: Option<Switch>,
    /// Who may see whether you are online. You see it of those who may see yours.
    #[arg(long)]
    pub(crate) presence: Option<Audience>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Audience {
    Nobody,
    Friends,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    Username,
    Qr,
    Group,
    ContactCard,
    LookAround,
    Shake,
    Bottle,
}

fn way(text: &str) -> Result<(Way, bool), String> {
    let (way, switch) = text.split_once('=').ok_or("write it as username=off")?;
    let way = Way::from_str(way, true).map_err(|_| {
        let ways = Way::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let ways: Vec<_> = ways.map(|w| w.get_name().to_owned()).collect();
        format!("the ways are {}", ways.join(", "))
    })?;
    let switch = Switch::from_str(switch, true).map_err(|_| "a way is on or off".to_owned())?;
    Ok((way, switch.is_on()))
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Password {
    #[command(flatten)]
    pub(crate) password: NewPassword,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Recover {
    pub(crate) username: String,
    /// One of the recovery codes. Without it you are asked.
    #[arg(long)]
    pub(crate) code: Option<String>,
    #[command(flatten)]
    pub(crate) password: NewPassword,
    #[command(flatten)]
    pub(crate) device: DeviceName,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Privacy {
    pub(crate) who: String,
    /// They may only chat.
    #[arg(long)]
    pub(crate) chat_only: Option<Switch>,
    /// Your Moments are hidden from them.
    #[arg(long)]
    pub(crate) hide_mine: Option<Switch>,
    /// Their Moments are hidden from you.
    #[arg(long)]
    pub(crate) hide_theirs: Option<Switch>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Send {
    pub(crate) who: String,
    /// What to say; `-` reads it from standard input.
    #[arg(required = true)]
    pub(crate) text: Vec<String>,
    /// Answer the entry with this number.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    pub(crate) quote: u64,
    /// 32 hex digits of your own: the same id again sends nothing twice.
    #[arg(long, value_name = "HEX", value_parser = client_id)]
    pub(crate) client_id: Option<[u8; 16]>,
}

fn client_id(text: &str) -> Result<[u8; 16], String> {
    let wrong = || "it has 32 hex digits".to_owned();
    let digits = (text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text);
    let id = u128::from_str_radix(digits.ok_or_else(wrong)?, 16).map_err(|_| wrong())?;
    Ok(id.to_be_bytes())
}

#[derive(Debug, ClapArgs)]
pub(crate) struct History {
    pub(crate) who: String,
    /// How many entries.
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Those after this number, instead of the last.
    #[arg(long, value_name = "SEQ", conflicts_with = "before")]
    pub(crate) after: Option<u64>,
    /// Those before this number, instead of the last.
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,
    /// Everything.
    #[arg(long, conflicts_with_all = ["limit", "after", "before"])]
    pub(crate) all: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Follow {
    /// The first time, show everything that was ever said.
    #[arg(long)]
    pub(crate) from_start: bool,
    /// End when everything up to now is shown.
    #[arg(long)]
    pub(crate) catch_up: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn ways_and_client_ids_are_read() {
        assert_eq!(way("contact-card=off"), Ok((Way::ContactCard, false)));
        assert!(way("username").is_err() && way("post=on").is_err() && way("qr=maybe").is_err());
        assert_eq!(client_id("000102030405060708090a0b0c0d0e0f").unwrap(), std::array::from_fn(|i| i as u8));
        for wrong in ["", "00", "+00102030405060708090a0b0c0d0e0f", "zz0102030405060708090a0b0c0d0e0f"] {
            assert!(client_id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_commands_of_the_readme_are_understood() {
        for line in [
            "teahouse --server http://127.0.0.1:1 --profile a register alice01 --password pw --name Alice",
            "teahouse --profile a add bobby01 --text hi",
            "teahouse --profile b --json requests",
            "teahouse --profile b accept alice01",
            "teahouse --profile a send bobby01 hello",
            "teahouse send bobby01 -",
            "teahouse --profile b --json history alice01",
            "teahouse whoami --json --transport grpc",
        ] {
            Args::try_parse_from(line.split(' ')).unwrap_or_else(|e| panic!("{line}: {e}"));
        }
        for line in
            ["teahouse send bobby01", "teahouse devices sign-out", "teahouse --transport smoke whoami"]
        {
            assert_eq!(Args::try_parse_from(line.split(' ')).expect_err(line).exit_code(), 2);
        }
    }
}
