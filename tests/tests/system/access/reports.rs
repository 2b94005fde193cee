//! The rows of the access matrix for reports; see `rows`.

use super::rows::{Names, Row, encode, row};
use bytes::Bytes;
use teahouse_proto as method;
use teahouse_proto::safety as y;

/// All rows of `SafetyService`.
pub(super) fn rows() -> Vec<Row> {
    use y::report_request::Object;
    fn report(object: Object, client_id: u8) -> Bytes {
        encode(&y::ReportRequest {
            client_report_id: vec![client_id; 16].into(),
            reason: y::Reason::Spam.into(),
            object: Some(object),
            ..y::ReportRequest::default()
        })
    }
    vec![
        row(&method::SAFETY_LIST_SANCTIONS, Names::Caller, |_| encode(&y::ListSanctionsRequest {})),
        row(&method::SAFETY_LIST_REPORTS, Names::Caller, |_| encode(&y::ListReportsRequest::default())),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::FriendAccountId(t.friend), 61)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::StrangerHandle(t.handle.clone()), 62)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::GreetingId(t.greeting), 69)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::FriendRequestId(t.request), 63)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| {
            report(Object::Message(y::MessageRef { conversation_id: t.chat, seq: 2 }), 64)
        }),
        row(&method::SAFETY_REPORT, Names::Thing, |t| {
            report(Object::Message(y::MessageRef { conversation_id: t.group, seq: 1 }), 65)
        }),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::GroupConversationId(t.group), 66)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::GroupInvitationId(t.invitation), 67)),
        row(&method::SAFETY_REPORT, Names::Thing, |t| report(Object::TemporaryChatId(t.chat), 68)),
    ]
}
