//! The access matrix: for each method, what a request of it names. Requests are built from `Things`, so that the same
//! request can be made about what is Anna's and about what never was.

use super::stage::Things;
use bytes::Bytes;
use prost::Message;
use teahouse_proto as method;
use teahouse_proto::MethodInfo;
use teahouse_proto::accounts as a;
use teahouse_proto::chat as h;
use teahouse_proto::contacts as c;
use teahouse_proto::favourites as f;
use teahouse_proto::groups as g;
use teahouse_proto::look_around as l;
use teahouse_proto::media as m;
use teahouse_proto::presence as p;
use teahouse_proto::qr as q;
use teahouse_proto::shake as w;
use teahouse_proto::stickers as k;
use teahouse_proto::sync as s;
use teahouse_tests::verbs::text;

/// What a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Nothing, and it needs no session.
    Open,
    /// Nothing: it speaks of the caller alone.
    Caller,
    /// As [`Names::Caller`], but the caller's device may not be signed in any more afterwards.
    CallerAtACost,
    /// Something that is somebody's: whoever it is not of gets the answer for what never was.
    Thing,
    /// A person: whoever they deleted or blocked gets what a stranger gets.
    Person,
}

/// A row of the matrix.
pub(super) struct Row {
    pub(super) method: &'static MethodInfo,
    pub(super) names: Names,
    /// The request.
    pub(super) request: fn(&Things) -> Bytes,
}

pub(super) fn row(method: &'static MethodInfo, names: Names, request: fn(&Things) -> Bytes) -> Row {
    Row { method, names, request }
}

pub(super) fn encode(message: &impl Message) -> Bytes {
    message.encode_to_vec().into()
}

fn send(to: h::send_message_request::To, client_id: u8) -> Bytes {
    let content = h::send_message_request::Content::Text(text("let me in"));
    let client_message_id = vec![client_id; 16].into();
    encode(&h::SendMessageRequest { to: Some(to), client_message_id, content: Some(content) })
}

fn forward(things: &Things, merged: bool, client_id: u8) -> Bytes {
    encode(&h::ForwardMessagesRequest {
        client_message_id: vec![client_id; 16].into(),
        from_conversation_id: things.chat,
        seqs: vec![2],
        to: Some(h::forward_messages_request::To::ConversationId(things.chat)),
        merged,
        title: String::new(),
    })
}

fn block(who: c::block_request::Who) -> Bytes {
    encode(&c::BlockRequest { who: Some(who) })
}

/// All rows.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = accounts();
    rows.extend(media());
    rows.extend(contacts());
    rows.extend(stickers());
    rows.extend(chat());
    rows.extend(favourites());
    rows.push(row(&method::PRESENCE_GET_PRESENCE, Names::Person, |t| {
        encode(&p::GetPresenceRequest { account_ids: vec![t.account, t.friend] })
    }));
    rows.extend(qr());
    rows.extend(changes());
    rows.extend(groups());
    rows.extend(joining_groups());
    rows.extend(look_around());
    rows.extend(shake());
    rows.extend(super::strangers::rows());
    rows.extend(super::reports::rows());
    rows.push(row(&method::SYNC_FOLLOW, Names::Caller, |t| {
        encode(&s::FollowRequest { cursor: t.cursor.clone() })
    }));
    rows
}

fn accounts() -> Vec<Row> {
    use Names::{Caller, CallerAtACost, Open, Thing};
    vec![
        row(&method::ACCOUNTS_REGISTER, Open, |_| encode(&a::RegisterRequest::default())),
        row(&method::ACCOUNTS_LOGIN, Open, |_| encode(&a::LoginRequest::default())),
        row(&method::ACCOUNTS_RECOVER, Open, |_| encode(&a::RecoverRequest::default())),
        row(&method::ACCOUNTS_LOGOUT, CallerAtACost, |_| encode(&a::LogoutRequest {})),
        row(&method::ACCOUNTS_GET_ACCOUNT, Caller, |_| encode(&a::GetAccountRequest {})),
        row(&method::ACCOUNTS_UPDATE_PROFILE, Caller, |_| encode(&a::UpdateProfileRequest::default())),
        row(&method::ACCOUNTS_LIST_REGIONS, Caller, |_| encode(&a::ListRegionsRequest::default())),
        row(&method::ACCOUNTS_UPDATE_SETTINGS, Caller, |_| encode(&a::UpdateSettingsRequest::default())),
        row(&method::ACCOUNTS_UPDATE_NOTIFICATIONS, Caller, |_| {
            encode(&a::UpdateNotificationsRequest::default())
        }),
        row(&method::ACCOUNTS_LIST_DEVICES, Caller, |_| encode(&a::ListDevicesRequest {})),
        row(&method::ACCOUNTS_SIGN_OUT_DEVICE, Thing, |t| {
            encode(&a::SignOutDeviceRequest { device_id: t.device })
        }),
        row(&method::ACCOUNTS_SIGN_OUT_OTHER_DEVICES, CallerAtACost, |_| {
            encode(&a::SignOutOtherDevicesRequest {})
        }),
        row(&method::ACCOUNTS_CHANGE_PASSWORD, CallerAtACost, |_| {
            encode(&a::ChangePasswordRequest { new_password: "white peony 3".to_owned() })
        }),
        row(&method::ACCOUNTS_RENEW_RECOVERY_CODES, Caller, |_| encode(&a::RenewRecoveryCodesRequest {})),
    ]
}

fn media() -> Vec<Row> {
    use Names::{Caller, Thing};
    vec![
        row(&method::MEDIA_CREATE_UPLOAD, Caller, |_| {
            encode(&m::CreateUploadRequest {
                client_message_id: vec![9; 16].into(),
                kind: m::MediaKind::File.into(),
                size: 3,
                file_name: "let me in".to_owned(),
                ..Default::default()
            })
        }),
        row(&method::MEDIA_PUT_CHUNK, Thing, |t| {
            let data = Bytes::from_static(b"tea");
            encode(&m::PutChunkRequest { upload_id: t.upload.clone(), offset: 0, data })
        }),
        row(&method::MEDIA_GET_UPLOAD, Thing, |t| {
            encode(&m::GetUploadRequest { upload_id: t.upload.clone() })
        }),
        row(&method::MEDIA_FINISH_UPLOAD, Thing, |t| {
            encode(&m::FinishUploadRequest { upload_id: t.upload.clone() })
        }),
        row(&method::MEDIA_CANCEL_UPLOAD, Thing, |t| {
            encode(&m::CancelUploadRequest { upload_id: t.upload.clone() })
        }),
        row(&method::MEDIA_GET_QUOTA, Caller, |_| encode(&m::GetQuotaRequest {})),
    ]
}

fn stickers() -> Vec<Row> {
    use Names::{Caller, Thing};
    fn new(t: &Things) -> Vec<k::NewSticker> {
        vec![k::NewSticker { media_id: t.medium.clone(), emoji: String::new() }]
    }
    vec![
        row(&method::STICKERS_CREATE_PACK, Thing, |t| {
            let (client_message_id, name) = (vec![9; 16].into(), "let me in".to_owned());
            encode(&k::CreatePackRequest { client_message_id, name, stickers: new(t) })
        }),
        row(&method::STICKERS_ADD_STICKERS, Thing, |t| {
            let (client_message_id, pack_id) = (vec![8; 16].into(), t.pack.clone());
            encode(&k::AddStickersRequest { client_message_id, pack_id, stickers: new(t) })
        }),
        row(&method::STICKERS_REMOVE_STICKER, Thing, |t| {
            encode(&k::RemoveStickerRequest { pack_id: t.pack.clone(), media_id: t.medium.clone() })
        }),
        row(&method::STICKERS_DELETE_PACK, Thing, |t| {
            encode(&k::DeletePackRequest { pack_id: t.pack.clone() })
        }),
        // A pack is for whoever knows its id, so these name nothing that is hers alone.
        row(&method::STICKERS_GET_PACK, Caller, |_| encode(&k::GetPackRequest::default())),
        row(&method::STICKERS_COLLECT_PACK, Caller, |_| encode(&k::CollectPackRequest::default())),
        row(&method::STICKERS_LIST_PACKS, Caller, |_| encode(&k::ListPacksRequest {})),
        row(&method::STICKERS_COLLECT_UPLOAD, Thing, |t| {
            let (client_message_id, media_id) = (vec![7; 16].into(), t.medium.clone());
            encode(&k::CollectUploadRequest { client_message_id, media_id, emoji: String::new() })
        }),
        row(&method::STICKERS_REMOVE_COLLECTED, Caller, |t| {
            encode(&k::RemoveCollectedRequest { media_id: t.medium.clone() })
        }),
        row(&method::STICKERS_LIST_COLLECTED, Caller, |_| encode(&k::ListCollectedRequest {})),
    ]
}

fn favourites() -> Vec<Row> {
    use Names::{Caller, Thing};
    vec![
        row(&method::FAVOURITES_ADD_FAVOURITES, Thing, |t| {
            let client_message_id = vec![5; 16].into();
            encode(&f::AddFavouritesRequest {
                client_message_id,
                conversation_id: t.chat,
                seqs: vec![t.sticker],
            })
        }),
        row(&method::FAVOURITES_LIST_FAVOURITES, Caller, |_| encode(&f::ListFavouritesRequest::default())),
        row(&method::FAVOURITES_LIST_FORWARDED, Thing, |t| {
            encode(&f::ListForwardedRequest { favourite_id: t.favourite, ..Default::default() })
        }),
        row(&method::FAVOURITES_SEND_FAVOURITE, Thing, |t| {
            encode(&f::SendFavouriteRequest {
                client_message_id: vec![4; 16].into(),
                favourite_id: t.favourite,
                to: Some(f::send_favourite_request::To::ConversationId(t.chat)),
            })
        }),
        row(&method::FAVOURITES_DELETE_FAVOURITES, Caller, |t| {
            encode(&f::DeleteFavouritesRequest { favourite_ids: vec![t.favourite] })
        }),
    ]
}

fn qr() -> Vec<Row> {
    use Names::{Caller, Open, Person, Thing};
    fn reset(conversation_id: u64, everybodys: bool) -> Bytes {
        encode(&q::ResetCodeRequest { conversation_id, everybodys })
    }
    vec![
        row(&method::QR_SIGN_IN_SIGN_IN_BY_CODE, Open, |_| encode(&q::SignInByCodeRequest::default())),
        row(&method::QR_SIGN_IN_DECIDE_SIGN_IN, Thing, |t| {
            encode(&q::DecideSignInRequest { ticket: t.asking.clone(), approve: true })
        }),
        row(&method::QR_GET_CODE, Caller, |_| encode(&q::GetCodeRequest::default())),
        row(&method::QR_GET_CODE, Thing, |t| encode(&q::GetCodeRequest { conversation_id: t.group })),
        row(&method::QR_GET_CODE, Thing, |t| encode(&q::GetCodeRequest { conversation_id: t.chat })),
        row(&method::QR_RESET_CODE, Caller, |_| reset(0, false)),
        row(&method::QR_RESET_CODE, Thing, |t| reset(t.group, false)),
        row(&method::QR_RESET_CODE, Thing, |t| reset(t.group, true)),
        row(&method::QR_RESOLVE_CODE, Person, |t| encode(&q::ResolveCodeRequest { text: t.code.clone() })),
    ]
}

fn contacts() -> Vec<Row> {
    use Names::{Caller, Person, Thing};
    use c::block_request::Who;
    vec![
        row(&method::CONTACTS_SEARCH, Person, |_| {
            encode(&c::SearchRequest { username: "anna-tea".to_owned() })
        }),
        row(&method::CONTACTS_SEND_REQUEST, Thing, |t| {
            encode(&c::SendRequestRequest { ticket: t.ticket.clone(), text: String::new() })
        }),
        row(&method::CONTACTS_SEND_REQUEST, Person, |t| {
            encode(&c::SendRequestRequest { ticket: t.ticket.clone(), text: "let me in".to_owned() })
        }),
        row(&method::CONTACTS_LIST_REQUESTS, Caller, |_| encode(&c::ListRequestsRequest::default())),
        row(&method::CONTACTS_LIST_SENT_REQUESTS, Person, |_| encode(&c::ListSentRequestsRequest::default())),
        row(&method::CONTACTS_ACCEPT_REQUEST, Thing, |t| {
            encode(&c::AcceptRequestRequest { request_id: t.request })
        }),
        row(&method::CONTACTS_IGNORE_REQUEST, Thing, |t| {
            encode(&c::IgnoreRequestRequest { request_id: t.request })
        }),
        row(&method::CONTACTS_REPLY_TO_REQUEST, Thing, |t| {
            encode(&c::ReplyToRequestRequest { request_id: t.request, text: "let me in".to_owned() })
        }),
        row(&method::CONTACTS_LIST_FRIENDS, Caller, |_| encode(&c::ListFriendsRequest::default())),
        row(&method::CONTACTS_LIST_FRIENDS, Caller, |t| {
            encode(&c::ListFriendsRequest { tag: t.tag.clone(), ..Default::default() })
        }),
        row(&method::CONTACTS_GET_FRIEND, Thing, |t| encode(&c::GetFriendRequest { account_id: t.friend })),
        row(&method::CONTACTS_UPDATE_FRIEND, Thing, |t| {
            encode(&c::UpdateFriendRequest {
                account_id: t.friend,
                starred: Some(true),
                ..Default::default()
            })
        }),
        row(&method::CONTACTS_DELETE_FRIEND, Thing, |t| {
            encode(&c::DeleteFriendRequest { account_id: t.friend })
        }),
        row(&method::CONTACTS_LIST_TAGS, Caller, |_| encode(&c::ListTagsRequest {})),
        row(&method::CONTACTS_RENAME_TAG, Thing, |t| {
            encode(&c::RenameTagRequest { name: t.tag.clone(), new_name: "mine".to_owned() })
        }),
        row(&method::CONTACTS_BLOCK, Thing, |t| block(Who::AccountId(t.friend))),
        row(&method::CONTACTS_BLOCK, Thing, |t| block(Who::RequestId(t.request))),
        row(&method::CONTACTS_BLOCK, Thing, |t| block(Who::Ticket(t.ticket.clone()))),
        row(&method::CONTACTS_BLOCK, Person, |t| block(Who::Ticket(t.ticket.clone()))),
        row(&method::CONTACTS_UNBLOCK, Thing, |t| encode(&c::UnblockRequest { block_id: t.block })),
        row(&method::CONTACTS_LIST_BLOCKED, Person, |_| encode(&c::ListBlockedRequest::default())),
    ]
}

fn chat() -> Vec<Row> {
    use Names::{Caller, Person, Thing};
    use h::send_message_request::To;
    vec![
        row(&method::CHAT_SEND_MESSAGE, Thing, |t| send(To::ConversationId(t.chat), 1)),
        row(&method::CHAT_SEND_MESSAGE, Thing, |t| send(To::AccountId(t.friend), 2)),
        row(&method::CHAT_SEND_MESSAGE, Person, |t| send(To::AccountId(t.account), 3)),
        row(&method::CHAT_LIST_ENTRIES, Thing, |t| {
            encode(&h::ListEntriesRequest { conversation_id: t.chat, ..Default::default() })
        }),
        row(&method::CHAT_LIST_CONVERSATIONS, Caller, |_| encode(&h::ListConversationsRequest::default())),
        row(&method::CHAT_GET_CONVERSATION, Thing, |t| {
            encode(&h::GetConversationRequest { conversation_id: t.chat })
        }),
        row(&method::CHAT_MARK_READ, Thing, |t| {
            encode(&h::MarkReadRequest { conversation_id: t.chat, seq: 1 })
        }),
        row(&method::CHAT_UPDATE_CONVERSATION, Thing, |t| {
            let conversation_id = t.chat;
            encode(&h::UpdateConversationRequest { conversation_id, muted: Some(true), ..Default::default() })
        }),
        row(&method::CHAT_SEND_TYPING, Thing, |t| {
            let kind = h::TypingKind::Typing.into();
            encode(&h::SendTypingRequest { conversation_id: t.chat, kind })
        }),
        row(&method::CHAT_GET_RECEIPTS, Thing, |t| {
            encode(&h::GetReceiptsRequest { conversation_id: t.chat, seq: 2 })
        }),
        row(&method::CHAT_LIST_READERS, Thing, |t| {
            encode(&h::ListReadersRequest { conversation_id: t.chat, seq: 2, page: None })
        }),
        row(&method::CHAT_SET_DRAFT, Thing, |t| {
            encode(&h::SetDraftRequest {
                conversation_id: t.chat,
                text: "let me in".to_owned(),
                quote_seq: 0,
            })
        }),
        row(&method::CHAT_COLLECT_STICKER, Thing, |t| {
            let client_message_id = vec![6; 16].into();
            encode(&h::CollectStickerRequest { client_message_id, conversation_id: t.chat, seq: t.sticker })
        }),
        row(&method::CHAT_FORWARD_MESSAGES, Thing, |t| forward(t, false, 4)),
        row(&method::CHAT_FORWARD_MESSAGES, Thing, |t| forward(t, true, 5)),
        row(&method::CHAT_LIST_FORWARDED, Thing, |t| {
            let seq = t.merged;
            encode(&h::ListForwardedRequest { conversation_id: t.chat, seq, ..Default::default() })
        }),
        row(&method::CHAT_OPEN_CONTACT_CARD, Thing, |t| {
            encode(&h::OpenContactCardRequest { conversation_id: t.chat, seq: t.card })
        }),
    ]
}

fn changes() -> Vec<Row> {
    use Names::Thing;
    vec![
        row(&method::CHAT_RECALL_MESSAGE, Thing, |t| {
            encode(&h::RecallMessageRequest { conversation_id: t.chat, seq: 2 })
        }),
        row(&method::CHAT_GET_RECALLED_TEXT, Thing, |t| {
            encode(&h::GetRecalledTextRequest { conversation_id: t.chat, seq: 2 })
        }),
        row(&method::CHAT_EDIT_MESSAGE, Thing, |t| {
            encode(&h::EditMessageRequest { conversation_id: t.chat, seq: 2, text: Some(text("let me in")) })
        }),
        row(&method::CHAT_SET_REACTION, Thing, |t| {
            encode(&h::SetReactionRequest {
                conversation_id: t.chat,
                seq: 2,
                emoji: "👍".to_owned(),
                on: true,
            })
        }),
        row(&method::CHAT_LIST_REACTIONS, Thing, |t| {
            encode(&h::ListReactionsRequest { conversation_id: t.chat, seq: 2, page: None })
        }),
        row(&method::CHAT_SET_PIN, Thing, |t| {
            encode(&h::SetPinRequest { conversation_id: t.chat, seq: 2, pinned: true })
        }),
        row(&method::CHAT_SET_PIN, Thing, |t| {
            encode(&h::SetPinRequest { conversation_id: t.chat, seq: 2, pinned: false })
        }),
        row(&method::CHAT_LIST_PINS, Thing, |t| encode(&h::ListPinsRequest { conversation_id: t.chat })),
        row(&method::CHAT_DELETE_FOR_ME, Thing, |t| {
            encode(&h::DeleteForMeRequest { conversation_id: t.chat, seqs: vec![2] })
        }),
        row(&method::CHAT_CLEAR_HISTORY, Thing, |t| {
            encode(&h::ClearHistoryRequest { conversation_id: t.chat, and_hide: true })
        }),
    ]
}

fn groups() -> Vec<Row> {
    use Names::{Person, Thing};
    vec![
        row(&method::GROUPS_CREATE_GROUP, Person, |t| {
            let (client_group_id, name) = (vec![3; 16].into(), "let me in".to_owned());
            encode(&g::CreateGroupRequest {
                client_group_id,
                name,
                account_ids: vec![t.account, t.friend, 0x0202_0202],
            })
        }),
        row(&method::GROUPS_GET_GROUP, Thing, |t| encode(&g::GetGroupRequest { conversation_id: t.group })),
        row(&method::GROUPS_LIST_MEMBERS, Thing, |t| {
            encode(&g::ListMembersRequest { conversation_id: t.group, page: None })
        }),
        row(&method::GROUPS_OPEN_MEMBER, Thing, |t| {
            encode(&g::OpenMemberRequest { conversation_id: t.group, account_id: t.account })
        }),
        row(&method::GROUPS_UPDATE_GROUP, Thing, |t| {
            let name = Some("let me in".to_owned());
            encode(&g::UpdateGroupRequest { conversation_id: t.group, name, ..Default::default() })
        }),
        row(&method::GROUPS_SET_ANNOUNCEMENT, Thing, |t| {
            let text = "let me in".to_owned();
            encode(&g::SetAnnouncementRequest { conversation_id: t.group, text })
        }),
        row(&method::GROUPS_SET_NICKNAME, Thing, |t| {
            let nickname = "let me in".to_owned();
            encode(&g::SetNicknameRequest { conversation_id: t.group, nickname })
        }),
        row(&method::GROUPS_REMOVE_MEMBERS, Thing, |t| {
            encode(&g::RemoveMembersRequest { conversation_id: t.group, account_ids: vec![t.friend] })
        }),
        row(&method::GROUPS_LEAVE_GROUP, Thing, |t| {
            encode(&g::LeaveGroupRequest { conversation_id: t.group, do_not_add_again: true })
        }),
        row(&method::GROUPS_SET_ADMIN, Thing, |t| {
            encode(&g::SetAdminRequest { conversation_id: t.group, account_id: t.friend, admin: true })
        }),
        row(&method::GROUPS_TRANSFER_GROUP, Thing, |t| {
            encode(&g::TransferGroupRequest { conversation_id: t.group, account_id: t.friend })
        }),
        row(&method::GROUPS_MUTE_MEMBER, Thing, |t| {
            encode(&g::MuteMemberRequest { conversation_id: t.group, account_id: t.friend, muted: true })
        }),
        row(&method::GROUPS_DISSOLVE_GROUP, Thing, |t| {
            encode(&g::DissolveGroupRequest { conversation_id: t.group })
        }),
    ]
}

fn joining_groups() -> Vec<Row> {
    use Names::{Caller, Thing};
    vec![
        row(&method::GROUPS_INVITE_MEMBERS, Thing, |t| {
            encode(&g::InviteMembersRequest { conversation_id: t.group, account_ids: vec![t.friend] })
        }),
        row(&method::GROUPS_LIST_INVITATIONS, Caller, |_| encode(&g::ListInvitationsRequest::default())),
        row(&method::GROUPS_ACCEPT_INVITATION, Thing, |t| {
            encode(&g::AcceptInvitationRequest { invitation_id: t.invitation })
        }),
        row(&method::GROUPS_DECLINE_INVITATION, Thing, |t| {
            encode(&g::DeclineInvitationRequest { invitation_id: t.invitation })
        }),
        row(&method::GROUPS_LIST_JOIN_REQUESTS, Thing, |t| {
            encode(&g::ListJoinRequestsRequest { conversation_id: t.group, page: None })
        }),
        row(&method::GROUPS_DECIDE_JOIN_REQUEST, Thing, |t| {
            let (conversation_id, join_request_id) = (t.group, t.join_request);
            encode(&g::DecideJoinRequestRequest { conversation_id, join_request_id, approve: true })
        }),
        row(&method::GROUPS_JOIN_GROUP, Thing, |t| {
            encode(&g::JoinGroupRequest { ticket: t.entrance.clone() })
        }),
    ]
}

fn look_around() -> Vec<Row> {
    use Names::Caller;
    vec![
        row(&method::LOOK_AROUND_UPDATE_LOOK_AROUND, Caller, |_| {
            encode(&l::UpdateLookAroundRequest { visible_for_hours: Some(6), ..Default::default() })
        }),
        row(&method::LOOK_AROUND_LOOK, Caller, |_| encode(&l::LookRequest::default())),
        row(&method::LOOK_AROUND_LOOK_ON, Caller, |_| encode(&l::LookOnRequest::default())),
        row(&method::LOOK_AROUND_CLEAR_LOCATION, Caller, |_| encode(&l::ClearLocationRequest {})),
        row(&method::LOOK_AROUND_FORGET, Caller, |_| encode(&l::ForgetRequest {})),
        row(&method::LOOK_AROUND_GET_LOOK_AROUND, Caller, |_| encode(&l::GetLookAroundRequest {})),
    ]
}

fn shake() -> Vec<Row> {
    use Names::Caller;
    vec![
        row(&method::SHAKE_GET_SHAKE, Caller, |_| encode(&w::GetShakeRequest {})),
        row(&method::SHAKE_UPDATE_SHAKE, Caller, |_| encode(&w::UpdateShakeRequest::default())),
        row(&method::SHAKE_SHAKE, Caller, |_| encode(&w::ShakeRequest::default())),
        row(&method::SHAKE_LIST_SHAKEN, Caller, |_| encode(&w::ListShakenRequest::default())),
        row(&method::SHAKE_CLEAR_SHAKEN, Caller, |_| encode(&w::ClearShakenRequest {})),
        row(&method::SHAKE_FORGET, Caller, |_| encode(&w::ForgetRequest {})),
    ]
}
