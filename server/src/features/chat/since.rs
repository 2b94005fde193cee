//! What somebody who was removed from a group sees of what happened to messages since: that they were recalled, which
//! protects who said them, and nothing else. Edits and emoji are told apart by their time, in milliseconds.

use super::Chat;
use super::changes::add_reaction;
use super::tables::{Content, Ended, Member, REACTION, SEALED, Sealed, SealedEdit, StoredEntry};
use crate::error::Result;
use crate::id::ConversationId;
use crate::store::Order;
use crate::store::key::KeyRange;
use teahouse_proto::chat::Reaction;

/// Emoji on one message that are looked through for those given in time. With more of them none is shown.
const LOOKED_THROUGH: usize = 100;

impl Chat {
    /// An entry as a member sees it: as it is now, and for who was removed as it was then, if it was not recalled.
    pub(super) async fn as_it_was(
        &self,
        id: ConversationId,
        member: &Member,
        seq: u64,
        mut entry: StoredEntry,
    ) -> Result<StoredEntry> {
        let Some(ended) = &member.ended else { return Ok(entry) };
        if entry.edited_at_ms > ended.at_ms {
            let sealed = self.foundation.store.get(&SEALED, &(id, seq)).await?;
            let was = sealed.and_then(|sealed| sealed.at(ended.at_ms));
            entry.edited_at_ms = was.as_ref().map_or(0, |was| was.edited_at_ms);
            entry.content = was.and_then(|was| was.text).map(Content::Text);
        }
        if !entry.reactions.is_empty() {
            entry.reactions = self.reactions_until(id, seq, &entry.reactions, ended).await?;
        }
        Ok(entry)
    }

    /// The summary of those emoji that were given in time, of those that are there now.
    async fn reactions_until(
        &self,
        id: ConversationId,
        seq: u64,
        now: &[Reaction],
        ended: &Ended,
    ) -> Result<Vec<Reaction>> {
        if now.iter().map(|reaction| reaction.count as usize).sum::<usize>() > LOOKED_THROUGH {
            return Ok(Vec::new());
        }
        let range = KeyRange::prefix(&(id, seq));
        let mut rows = self.foundation.store.scan(&REACTION, &range, LOOKED_THROUGH, Order::Rising).await?;
        rows.retain(|(_, given)| given.at_ms <= ended.at_ms);
        rows.sort_by_key(|((.., account), given)| (given.at_ms, *account));
        let mut then: Vec<Reaction> = Vec::new();
        for ((_, _, emoji, account), _) in rows {
            let at = then.iter().position(|reaction| reaction.emoji == emoji).unwrap_or_else(|| {
                then.push(Reaction { emoji, ..Reaction::default() });
                then.len() - 1
            });
            add_reaction(&mut then[at], account);
        }
        Ok(then)
    }
}

impl Sealed {
    /// What the message said at a time, before it was edited again; `None` where that is not kept.
    fn at(self, at_ms: i64) -> Option<SealedEdit> {
        let all_edits = self.edits.len() < Self::MAX_EDITS;
        let edit = self.edits.into_iter().rev().find(|edit| edit.edited_at_ms <= at_ms);
        let original = || {
            let original = self.original.filter(|original| all_edits && original.edited_at_ms <= at_ms)?;
            let Some(Content::Text(text)) = original.content else { return None };
            Some(SealedEdit { edited_at_ms: original.edited_at_ms, text: Some(text) })
        };
        edit.or_else(original)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use teahouse_proto::chat::Text;

    fn sealed(edits: impl Iterator<Item = i64>) -> Sealed {
        let text = |at: i64| Text { text: at.to_string(), ..Text::default() };
        let original = StoredEntry { content: Some(Content::Text(text(0))), ..StoredEntry::default() };
        let edits = edits.map(|at| SealedEdit { edited_at_ms: at, text: Some(text(at)) });
        Sealed { original: Some(original), edits: edits.collect(), ..Sealed::default() }
    }

    fn said(sealed: &Sealed, at_ms: i64) -> Option<String> {
        sealed.clone().at(at_ms).map(|was| was.text.unwrap().text)
    }

    #[test]
    fn the_version_of_a_time_is_the_latest_until_then_if_it_is_kept() {
        let few = sealed([10, 20].into_iter());
        for (at_ms, expected) in [(0, "0"), (9, "0"), (10, "10"), (19, "10"), (20, "20"), (99, "20")] {
            assert_eq!(said(&few, at_ms).as_deref(), Some(expected), "{at_ms}");
        }
        let first = 10;
        let many = sealed((first..).take(Sealed::MAX_EDITS));
        assert_eq!(said(&many, first).as_deref(), Some("10"));
        assert_eq!(said(&many, first - 1), None, "what was between the original and these is not known");
    }
}
