//! Codes of groups.

use super::super::codes::sweep;
use super::super::tables::{CODE, CURRENT, EXPIRY};
use super::*;
use crate::features::chat;
use crate::id::ConversationId;
use crate::store::Order;
use crate::store::key::KeyRange;
use crate::time::Time;
use teahouse_proto::GroupsApi;
use teahouse_proto::chat::JoinWay;
use teahouse_proto::groups::JoinGroupRequest;

const CLARA: AccountId = AccountId(3);
const DANI: AccountId = AccountId(4);
const TEA: ConversationId = ConversationId(7000);

/// A group of Anna, who owns it, Boris and Clara; Dani is a stranger to it.
async fn with_group() -> World {
    let w = world().await;
    let born = w.foundation.clock.now() - DAY * 100;
    w.tx(move |tx| fixture::register(tx, CLARA, "clara_m", born)).await;
    w.tx(move |tx| fixture::register(tx, DANI, "dani_oo", born)).await;
    w.act(|groups, tx, now| groups.create(tx, TEA, "Tea & <b>cake</b>", ANNA, &[BORIS, CLARA], now)).await;
    w
}

impl World {
    async fn act(
        &self,
        act: impl Fn(&chat::Groups, &mut Tx<'_>, Time) -> Result<()> + Send + Sync + 'static,
    ) {
        let (groups, now) = (self.qr.chat.groups().clone(), self.foundation.clock.now());
        self.tx(move |tx| act(&groups, tx, now)).await;
    }

    async fn join(&self, who: AccountId) {
        self.act(move |groups, tx, now| groups.join(tx, TEA, &[who], ANNA, JoinWay::Qr, None, now)).await;
    }

    async fn try_code_of(&self, who: AccountId, what: ConversationId) -> Result<Code> {
        let request = GetCodeRequest { conversation_id: what.0 };
        self.qr.get_code(&self.cx(who), request).await.map(|answer| answer.code.unwrap())
    }

    async fn code_of(&self, who: AccountId) -> String {
        self.try_code_of(who, TEA).await.unwrap().url
    }

    async fn try_reset(&self, who: AccountId, everybodys: bool) -> Result<String> {
        let request = ResetCodeRequest { conversation_id: TEA.0, everybodys };
        self.qr.reset_code(&self.cx(who), request).await.map(|answer| answer.code.unwrap().url)
    }

    async fn group(&self, who: AccountId, code: &str) -> FoundGroup {
        match self.resolve(who, code).await.unwrap() {
            What::Group(group) => group,
            other => panic!("no group: {other:?}"),
        }
    }

    /// A code is dead: to everybody, and its page is that of a code that never was.
    async fn check_dead(&self, code: &str, why: &str) {
        for who in [ANNA, BORIS, CLARA, DANI] {
            assert_eq!(reason(self.resolve(who, code).await), "CODE_NOT_FOUND", "{why}");
        }
        assert_eq!(self.get(path(code)).await, self.get("/q/AAAAAAAAAAAAAAAAAAAAAA").await, "{why}");
    }
}

#[tokio::test]
async fn a_group_is_shown_before_joining() {
    let w = with_group().await;
    let code = w.code_of(BORIS).await;
    assert_ne!(code, w.code_of(ANNA).await, "each member has their own");
    assert_ne!(code, w.code(BORIS).await);
    let group = w.group(DANI, &code).await;
    assert_eq!((group.name.as_str(), group.member_count), ("Tea & <b>cake</b>", 3));
    assert_eq!((group.shared_by.as_str(), group.conversation_id), ("boris_p", 0));
    assert!(!group.ticket.is_empty() && !group.approval);
    let mine = w.group(CLARA, &code).await;
    assert_eq!((mine.conversation_id, mine.ticket.is_empty()), (TEA.0, true));
    let page = w.get(path(&code)).await;
    let html = page.text();
    assert!(html.contains("Tea &amp; &lt;b&gt;cake&lt;/b&gt;") && html.contains("3 members"), "{html}");
    assert!(!html.contains("boris_p") && !html.contains("<b>"), "{html}");
    w.act(|groups, tx, now| groups.rename(tx, TEA, "", ANNA, now)).await;
    let nameless = w.get(path(&code)).await;
    assert!(nameless.text().contains("Group chat") && !nameless.text().contains("anna_k"));
    assert_eq!(w.get(&format!("{}.png?logo=true", path(&code))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn only_members_show_codes() {
    let w = with_group().await;
    let never = reason(w.try_code_of(DANI, ConversationId(77)).await);
    assert_eq!(never, "CONVERSATION_NOT_FOUND");
    for what in [TEA, ConversationId(ANNA.0)] {
        assert_eq!(reason(w.try_code_of(DANI, what).await), never);
    }
    assert_eq!(reason(w.try_reset(DANI, false).await), never);
    assert_eq!(reason(w.try_reset(DANI, true).await), never, "not even that others may");
    let code = w.code_of(BORIS).await;
    assert_eq!(reason(w.try_reset(BORIS, true).await), "NOT_ALLOWED");
    assert_eq!(w.code_of(BORIS).await, code, "what is refused changes nothing");
    w.act(|groups, tx, now| groups.remove(tx, TEA, &[CLARA], ANNA, now)).await;
    assert_eq!(reason(w.try_code_of(CLARA, TEA).await), never, "removed");
}

#[tokio::test]
async fn it_lives_for_seven_days() {
    let w = with_group().await;
    let code = w.try_code_of(BORIS, TEA).await.unwrap();
    assert_eq!(Time(code.expires_at_ms).since(w.foundation.clock.now()).as_secs().div_ceil(86_400), 7);
    w.foundation.clock.advance(DAY * 7 - Duration::from_secs(60));
    assert_eq!(w.code_of(BORIS).await, code.url);
    assert!(w.resolve(DANI, &code.url).await.is_ok());
    w.foundation.clock.advance(Duration::from_secs(61));
    w.check_dead(&code.url, "expired").await;
    let new = w.code_of(BORIS).await;
    assert_ne!(new, code.url);
    assert!(w.resolve(DANI, &new).await.is_ok());
}

#[tokio::test]
async fn a_reset_kills_ones_own_or_everybodys() {
    let w = with_group().await;
    let (annas, boriss, own) = (w.code_of(ANNA).await, w.code_of(BORIS).await, w.code(BORIS).await);
    let new = w.try_reset(BORIS, false).await.unwrap();
    w.check_dead(&boriss, "reset").await;
    assert!(w.resolve(DANI, &new).await.is_ok() && w.resolve(DANI, &annas).await.is_ok());
    let newest = w.try_reset(ANNA, true).await.unwrap();
    for code in [&annas, &new] {
        w.check_dead(code, "reset for everybody").await;
    }
    assert!(w.resolve(DANI, &newest).await.is_ok());
    assert_eq!(w.code_of(ANNA).await, newest);
    let again = w.code_of(BORIS).await;
    assert_ne!(again, new);
    assert!(w.resolve(DANI, &again).await.is_ok(), "who is still a member shows a new one");
    assert!(w.resolve(DANI, &own).await.is_ok(), "people's own codes are none of it");
    w.act(|groups, tx, now| groups.set_role(tx, TEA, CLARA, true, ANNA, now)).await;
    assert!(w.try_reset(CLARA, true).await.is_ok(), "an admin");
    w.check_dead(&again, "reset by an admin").await;
}

#[tokio::test]
async fn a_reset_kills_tickets_too() {
    let w = with_group().await;
    let ticket = async |sharer| w.group(DANI, &w.code_of(sharer).await).await.ticket;
    let join = async |ticket| w.qr.groups.join_group(&w.cx(DANI), JoinGroupRequest { ticket }).await;
    let [of_annas, of_boriss] = [ticket(ANNA).await, ticket(BORIS).await];
    w.try_reset(BORIS, false).await.unwrap();
    assert_eq!(reason(join(of_boriss).await), "TICKET_INVALID");
    let of_boriss = ticket(BORIS).await;
    w.try_reset(ANNA, true).await.unwrap();
    for old in [of_annas, of_boriss] {
        assert_eq!(reason(join(old).await), "TICKET_INVALID", "reset for everybody");
    }
    assert!(join(ticket(BORIS).await).await.is_ok(), "of a new code");
}

#[tokio::test]
async fn it_dies_with_its_sharer_and_with_the_group() {
    let w = with_group().await;
    let (boriss, claras, annas) = (w.code_of(BORIS).await, w.code_of(CLARA).await, w.code_of(ANNA).await);
    w.act(|groups, tx, now| groups.leave(tx, TEA, BORIS, now)).await;
    w.check_dead(&boriss, "its sharer left").await;
    w.act(|groups, tx, now| groups.remove(tx, TEA, &[CLARA], ANNA, now)).await;
    w.check_dead(&claras, "its sharer was removed").await;
    w.foundation.clock.advance(Duration::from_secs(1));
    for (who, old) in [(BORIS, &boriss), (CLARA, &claras)] {
        w.join(who).await;
        w.check_dead(old, "coming back does not bring it back").await;
        let new = w.code_of(who).await;
        assert_ne!(&new, old);
        assert!(w.resolve(DANI, &new).await.is_ok());
    }
    assert!(w.resolve(DANI, &annas).await.is_ok());
    w.act(|groups, tx, now| groups.dissolve(tx, TEA, ANNA, now)).await;
    w.check_dead(&annas, "dissolved").await;
    assert_eq!(reason(w.try_code_of(ANNA, TEA).await), "GROUP_DISSOLVED");
    assert_eq!(reason(w.try_reset(ANNA, true).await), "GROUP_DISSOLVED");
}

#[tokio::test]
async fn a_clock_that_was_set_back_kills_no_new_code() {
    let w = with_group().await;
    let hour = Duration::from_secs(3600);
    w.act(move |groups, tx, now| groups.join(tx, TEA, &[DANI], ANNA, JoinWay::Qr, None, now + hour)).await;
    let code = w.code_of(DANI).await;
    assert!(w.resolve(BORIS, &code).await.is_ok());
    assert_eq!(w.code_of(DANI).await, code);
}

#[tokio::test]
async fn what_has_expired_is_swept() {
    let w = with_group().await;
    let person = w.code(ANNA).await;
    let old = w.code_of(BORIS).await;
    w.try_reset(BORIS, false).await.unwrap();
    w.code_of(CLARA).await;
    let store = w.foundation.store.clone();
    let count = || async {
        let codes = store.scan(&CODE, &KeyRange::all(), 99, Order::Rising).await.unwrap().len();
        let current = store.scan(&CURRENT, &KeyRange::all(), 99, Order::Rising).await.unwrap().len();
        (codes, current, store.scan(&EXPIRY, &KeyRange::all(), 99, Order::Rising).await.unwrap().len())
    };
    assert_eq!(count().await, (3, 3, 2), "{old} left nothing");
    w.foundation.clock.advance(DAY * 3);
    sweep(&store, w.foundation.clock.now()).await.unwrap();
    assert_eq!(count().await, (3, 3, 2));
    let later = w.code_of(ANNA).await;
    w.foundation.clock.advance(DAY * 4 + Duration::from_secs(1));
    sweep(&store, w.foundation.clock.now()).await.unwrap();
    assert_eq!(count().await, (2, 2, 1));
    assert!(w.resolve(DANI, &later).await.is_ok() && w.resolve(DANI, &person).await.is_ok());
}
