//! Advertising: one text for more than a few strangers a day is held. It counts what somebody writes to whom, whether or
//! not it arrives, so that what is held tells of the sender alone. It does not know by which way a text travels, nor who
//! is a stranger: rooms ask here for texts to those who are not friends.
//!
//! Texts are compared as [`normal`] writes them. A text that is new in every copy passes: there reports help.

use crate::error::Result;
use crate::id::AccountId;
use crate::store::key::{Key, KeyRange};
use crate::store::{Order, Store, Table, Tx};
use crate::text;
use crate::time::{DAY, Time};
use prost::Message;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// (day, sender, hash of the text): to whom it went on that day. By day first, so that old ones are one range.
const TEXTS: Table<(u32, AccountId, TextHash), Receivers> = Table::new("ledger.advert");
/// (day, sender): operators know of this day.
const TOLD: Table<(u32, AccountId), ()> = Table::new("ledger.advert_told");
/// By sender: the first text of a day that was held, until it is taken (`take_held`).
const HELD: Table<AccountId, HeldRow> = Table::new("ledger.advert_held");

/// So many different strangers a day may get one text.
const STRANGERS: usize = 5;
/// Shorter texts do not count: many people begin with "hi". See [`normal`].
const MIN_WEIGHT: usize = 8;
/// Graphemes of a held text that operators are shown.
const SHOWN: usize = 500;
/// Rows dropped in one transaction.
const DROP_BATCH: usize = 500;

/// The first bytes of a hash: two texts of one person do not meet in it by chance.
type TextHash = [u8; 16];

/// To whom a text went.
#[derive(Clone, PartialEq, Message)]
struct Receivers {
    #[prost(message, repeated, tag = "1")]
    to: Vec<Receiver>,
}

/// One of them.
#[derive(Clone, Copy, PartialEq, Message)]
struct Receiver {
    #[prost(fixed64, tag = "1")]
    account: u64,
    /// The first time.
    #[prost(int64, tag = "2")]
    at_ms: i64,
}

/// A text that was held.
#[derive(Clone, PartialEq, Message)]
struct HeldRow {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(int64, tag = "2")]
    at_ms: i64,
}

/// A text that was held, for those who look after the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who sent it.
    pub sender: AccountId,
    /// Its beginning.
    pub text: String,
    /// When it was held.
    pub at: Time,
}

/// Notes that somebody writes a text to a stranger, and says whether it must be held: whether more than 5 others got it
/// in 24 hours. Who got it in that time may get it again. Nothing is noted or held on loopback.
pub fn note(
    tx: &mut Tx<'_>,
    sender: AccountId,
    text: &str,
    to: AccountId,
    now: Time,
    on_loopback: bool,
) -> Result<bool> {
    let (normal, weight) = normal(text);
    if on_loopback || weight < MIN_WEIGHT {
        return Ok(false);
    }
    let hash = hash(&normal);
    let (today, edge) = (now.day(), (now - DAY).as_ms());
    let mut row = Receivers::default();
    let mut recent: Vec<u64> = Vec::new();
    for day in [today.saturating_sub(1), today] {
        row = tx.get(&TEXTS, &(day, sender, hash))?.unwrap_or_default();
        recent.extend(row.to.iter().filter(|r| r.at_ms > edge).map(|r| r.account));
    }
    if recent.contains(&to.0) {
        return Ok(false);
    }
    if recent.len() < STRANGERS {
        row.to.push(Receiver { account: to.0, at_ms: now.as_ms() });
        tx.put(&TEXTS, &(today, sender, hash), &row)?;
        return Ok(false);
    }
    if tx.get(&TOLD, &(today, sender))?.is_none() {
        tx.put(&TOLD, &(today, sender), &())?;
        let text = text::cut(text, SHOWN).0.to_owned();
        tx.put(&HELD, &sender, &HeldRow { text, at_ms: now.as_ms() })?;
    }
    Ok(true)
}

/// Takes out some of the held texts that nobody took yet, one a sender and day.
pub fn take_held(tx: &mut Tx<'_>, limit: usize) -> Result<Vec<Held>> {
    let rows = tx.scan(&HELD, &KeyRange::all(), limit, Order::Rising)?;
    for (sender, _) in &rows {
        tx.delete(&HELD, sender)?;
    }
    let held = rows.into_iter().map(|(sender, row)| Held { sender, text: row.text, at: Time(row.at_ms) });
    Ok(held.collect())
}

/// Drops the days before yesterday. Called in the background.
pub async fn drop_old(store: &Store, now: Time) -> Result<()> {
    let yesterday = now.day().saturating_sub(1);
    drop_before(store, &TEXTS, (yesterday, AccountId(0), [0; 16])).await?;
    drop_before(store, &TOLD, (yesterday, AccountId(0))).await
}

async fn drop_before<K: Key + Clone + Sync, V: Message + Default + 'static>(
    store: &Store,
    table: &'static Table<K, V>,
    end: K,
) -> Result<()> {
    loop {
        let end = end.clone();
        let dropped = store
            .make_room(move |tx| {
                let old = tx.scan(table, &KeyRange::all().before(&end), DROP_BATCH, Order::Rising)?;
                old.iter().try_for_each(|(key, _)| tx.delete(table, key))?;
                Ok(old.len())
            })
            .await?;
        if dropped < DROP_BATCH {
            return Ok(());
        }
    }
}

/// A text as it is compared: letters alone, small and without accents, look-alikes of Latin letters as these, each run of
/// digits as one, each run of one letter as one letter. With it how much it says: a letter or a digit is one, a letter that
/// is half a word is two.
fn normal(text: &str) -> (String, usize) {
    let mut normal = String::with_capacity(text.len());
    let (mut last, mut weight) = (None, 0);
    for c in text.nfkd().flat_map(char::to_lowercase) {
        let c = match c.general_category_group() {
            GeneralCategoryGroup::Letter => look_alike(c),
            GeneralCategoryGroup::Number => '0',
            _ => continue,
        };
        let repeated = last == Some(c);
        if !repeated {
            normal.push(c);
        }
        weight += match c {
            '0' => 1,
            _ if repeated => 0,
            '\u{2e80}'.. => 2,
            _ => 1,
        };
        last = Some(c);
    }
    (normal, weight)
}

/// The Latin letter that a small Cyrillic or Greek one looks like.
fn look_alike(c: char) -> char {
    match c {
        'а' | 'α' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ε' => 'e',
        'һ' => 'h',
        'і' | 'ι' | 'ı' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        c => c,
    }
}

fn hash(normal: &str) -> TextHash {
    Sha256::digest(normal)[..16].try_into().expect("a hash has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::HOUR;

    const NOW: Time = Time(1_800_000_000_000);
    const ME: AccountId = AccountId(1);
    const TEXT: &str = "Cheap tea, call 555-1234!";

    async fn say(store: &Store, text: &str, to: u64, now: Time) -> bool {
        let text = text.to_owned();
        store.transact(move |tx| note(tx, ME, &text, AccountId(to), now, false)).await.unwrap()
    }

    #[tokio::test]
    async fn the_sixth_stranger_of_any_24_hours_does_not_get_it() {
        let (store, _published) = Store::memory();
        for to in 10..15 {
            assert!(!say(&store, TEXT, to, NOW + HOUR * (to as u32 - 10) * 4).await, "{to}");
        }
        let late = NOW + HOUR * 23;
        assert!(say(&store, TEXT, 15, late).await);
        assert!(say(&store, "CHEAP tea – call 777-9999 :)", 16, late).await, "told anew");
        assert!(!say(&store, TEXT, 14, late).await, "who got it may get it again");
        assert!(!say(&store, "Something else for once", 16, late).await);
        assert!(!say(&store, TEXT, 15, NOW + DAY).await, "the first is a day old");
        assert!(say(&store, TEXT, 16, NOW + DAY).await, "the second is not");
    }

    #[tokio::test]
    async fn operators_hear_of_it_once_a_day() {
        let (store, _published) = Store::memory();
        let take = || store.transact(|tx| take_held(tx, 10));
        for to in 10..20 {
            say(&store, TEXT, to, NOW).await;
        }
        assert_eq!(take().await.unwrap(), [Held { sender: ME, text: TEXT.to_owned(), at: NOW }]);
        assert!(say(&store, TEXT, 30, NOW).await);
        assert!(take().await.unwrap().is_empty());
        let next = NOW + DAY * 2;
        for to in 10..20 {
            say(&store, TEXT, to, next).await;
        }
        assert_eq!(take().await.unwrap().len(), 1);
        drop_old(&store, next).await.unwrap();
        let all = KeyRange::all();
        let count = || store.scan(&TEXTS, &all, 9, Order::Rising);
        assert_eq!(count().await.unwrap().len(), 1, "what a day no longer sees is dropped");
        drop_old(&store, next + DAY * 2).await.unwrap();
        assert!(count().await.unwrap().is_empty());
        assert!(store.scan(&TOLD, &KeyRange::all(), 9, Order::Rising).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn nothing_is_held_on_loopback() {
        let (store, _published) = Store::memory();
        for to in 10..20 {
            let held = store.transact(move |tx| note(tx, ME, TEXT, AccountId(to), NOW, true)).await;
            assert!(!held.unwrap());
        }
    }

    #[test]
    fn texts_are_one_text_however_they_are_dressed_up() {
        for (a, b) in [
            ("Cheap tea: 555-1234", "ｃｈｅａｐ  ＴＥＡ 99 !!"),
            ("cheap tea", "сhеар tеа"),
            ("cheap tea", "c.h.e.a.p. t\u{200b}e\u{301}a"),
            ("加我微信 abc123", "加我微信，abc 456 😀"),
            ("Hello there", "hellooo there"),
        ] {
            assert_eq!(normal(a).0, normal(b).0, "{a} {b}");
        }
        assert_ne!(normal("cheap tea").0, normal("cheap coffee").0);
    }

    #[test]
    fn greetings_that_everybody_sends_do_not_count() {
        for short in
            ["", "hi", "Hello!", "hi 123", "你好", "你好呀", "👋👋👋👋👋👋👋👋👋", "haaaaaaaaai", "1234567"]
        {
            assert!(normal(short).1 < MIN_WEIGHT, "{short}");
        }
        for long in ["我是安娜的", "加我微信", "buy cheap tea", "138 1234 5678"] {
            assert!(normal(long).1 >= MIN_WEIGHT, "{long}");
        }
    }
}
