//! What can be done with groups: the commands, their arguments and their help. It does nothing.

use super::super::args::Switch;
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

/// What GROUP and MEMBER stand for.
const NAMES: &str = "Wherever GROUP is wanted, its name will do, as long as you have only one of that name, or its number.\n\
Wherever MEMBER is wanted, a friend's username, your remark for them, what they are called in the group or their account \
id, as long as it can mean only one.";

#[derive(Debug, ClapArgs)]
#[command(after_help = NAMES)]
pub(crate) struct Groups {
    #[command(subcommand)]
    pub(crate) action: Option<Action>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List your groups.
    List,
    /// Make a group of friends, at least two.
    Create {
        /// What it is called; empty: by its members.
        name: String,
        #[arg(required = true, value_name = "FRIEND")]
        friends: Vec<String>,
    },
    /// Show a group: what it is, its announcement and its switches.
    Show { group: String },
    /// List who is in a group.
    Members { group: String },
    /// Invite friends, or put them in at once.
    Invite {
        group: String,
        #[arg(required = true, value_name = "FRIEND")]
        friends: Vec<String>,
    },
    /// List the groups that you are invited to.
    Invitations,
    /// Join a group that you are invited to: by the number of the invitation or the name of the group.
    Accept { invitation: String },
    /// Put an invitation away without a word.
    Decline { invitation: String },
    /// List who waits to be let in. For owner and admins.
    Requests { group: String },
    /// Let somebody in: by the number of their request or by name.
    Approve { group: String, request: String },
    /// Do not let somebody in.
    Refuse { group: String, request: String },
    /// Give a group another name. Without one: call it by its members.
    Rename {
        group: String,
        #[arg(default_value = "")]
        name: String,
    },
    /// Give a group a picture. Without one: the one that is made of its members' pictures.
    Picture { group: String, file: Option<PathBuf> },
    /// Announce something to everybody; `-` reads it from standard input. Without a text: show what is announced.
    Announce {
        group: String,
        text: Option<String>,
        /// Take the announcement away.
        #[arg(long, conflicts_with = "text")]
        none: bool,
    },
    /// Set what you are called in a group. Without a name: by your own.
    Nickname {
        group: String,
        #[arg(default_value = "")]
        name: String,
    },
    /// Show a group's switches, or change what is given.
    Settings(Settings),
    /// Let a member only read.
    Mute { group: String, member: String },
    /// Let a member speak again.
    Unmute { group: String, member: String },
    /// Make a member an admin.
    Admin {
        group: String,
        member: String,
        /// Make them an ordinary member again.
        #[arg(long)]
        off: bool,
    },
    /// Hand a group over to a member. You become an ordinary member.
    Transfer {
        group: String,
        member: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Remove members. They keep what they had, and get nothing new.
    Remove {
        group: String,
        #[arg(required = true, value_name = "MEMBER")]
        members: Vec<String>,
    },
    /// Leave a group, and lose its conversation. Only owner and admins learn of it.
    Leave {
        group: String,
        /// Nobody can add or invite you to it again.
        #[arg(long)]
        do_not_add_again: bool,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// End a group. Everybody keeps what they had.
    Dissolve {
        group: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Ask a fellow member to become friends.
    AddFriend {
        group: String,
        member: String,
        /// What to say with it.
        #[arg(default_value = "")]
        text: String,
    },
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Settings {
    pub(crate) group: String,
    /// Owner or an admin lets in whom others invite, and who scans a code.
    #[arg(long)]
    pub(crate) approval: Option<Switch>,
    /// Who joins from now on sees what was said before.
    #[arg(long)]
    pub(crate) history: Option<Switch>,
    /// Members cannot add each other as friends by this group.
    #[arg(long)]
    pub(crate) private: Option<Switch>,
    /// Only owner and admins speak.
    #[arg(long)]
    pub(crate) mute_all: Option<Switch>,
}
