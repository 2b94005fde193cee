//! Which methods belong to which area that can be closed to somebody: the one list. Reading, leaving, taking back and
//! everything that protects oneself belongs to none, so that it is always possible.

use crate::call::Methods;
use crate::restrictions::Area::{self, Greetings, Groups, LookAround, Profile, Requests, Shake, Speaking};
use teahouse_proto::{self as proto, MethodInfo};

const AREAS: &[(&MethodInfo, &[Area])] = &[
    (&proto::ACCOUNTS_UPDATE_PROFILE, &[Profile]),
    (&proto::CONTACTS_SEND_REQUEST, &[Requests]),
    (&proto::CONTACTS_REPLY_TO_REQUEST, &[Requests]),
    (&proto::CHAT_SEND_MESSAGE, &[Speaking]),
    (&proto::CHAT_SEND_TYPING, &[Speaking]),
    (&proto::CHAT_FORWARD_MESSAGES, &[Speaking]),
    (&proto::CHAT_EDIT_MESSAGE, &[Speaking]),
    (&proto::CHAT_SET_REACTION, &[Speaking]),
    (&proto::FAVOURITES_SEND_FAVOURITE, &[Speaking]),
    (&proto::GROUPS_CREATE_GROUP, &[Groups]),
    (&proto::GROUPS_UPDATE_GROUP, &[Groups]),
    (&proto::GROUPS_SET_ANNOUNCEMENT, &[Groups, Speaking]),
    (&proto::GROUPS_SET_NICKNAME, &[Groups]),
    (&proto::GROUPS_INVITE_MEMBERS, &[Groups]),
    (&proto::GROUPS_ACCEPT_INVITATION, &[Groups]),
    (&proto::GROUPS_DECIDE_JOIN_REQUEST, &[Groups]),
    (&proto::GROUPS_JOIN_GROUP, &[Groups]),
    (&proto::GREETINGS_SEND_GREETING, &[Greetings]),
    (&proto::GREETINGS_REPLY_TO_GREETING, &[Greetings, Speaking]),
    (&proto::GREETINGS_ACCEPT_GREETING, &[Greetings]),
    (&proto::LOOK_AROUND_LOOK, &[LookAround]),
    (&proto::LOOK_AROUND_LOOK_ON, &[LookAround]),
    (&proto::SHAKE_SHAKE, &[Shake]),
];

/// Puts the methods into their areas, once all are registered.
pub(super) fn enter(methods: &mut Methods) {
    AREAS.iter().for_each(|(info, areas)| methods.area(info, areas));
}
