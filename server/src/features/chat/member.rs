//! What a member sees of a conversation: the ranges of entries from when they were in it. Pure; what they deleted for
//! themselves is looked up elsewhere.

use super::tables::Mark;
use prost::Message;
use teahouse_proto::chat::SeqRange;

/// Earlier stays that are kept; beyond it the oldest is forgotten, and with it what was said then.
pub(super) const MAX_STAYS: usize = 20;

/// What a member may see, and what they are in a group.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Member {
    /// The member sees the entries after this number: they were not in the conversation before, or cleared it.
    #[prost(uint64, tag = "1")]
    pub visible_after: u64,
    /// Ordinal of that entry: what a member does not see they have read.
    #[prost(uint64, tag = "2")]
    pub ordinal_after: u64,
    /// The highest number that the member deleted for themselves; 0: none.
    #[prost(uint64, tag = "3")]
    pub deleted_to: u64,
    /// How far the member went without reading, by deleting messages for themselves or by coming into a group: up to
    /// here nothing is unread. Apart from the read marks, which receipts tell: nobody has read what they deleted, and
    /// nobody learns that they did.
    #[prost(message, optional, tag = "4")]
    pub passed: Option<Mark>,
    /// What they are called in the group; empty: by their display name.
    #[prost(string, tag = "5")]
    pub nickname: String,
    /// They may only read.
    #[prost(bool, tag = "6")]
    pub muted: bool,
    /// Until then they say nothing but plain text; 0: no matter.
    #[prost(int64, tag = "7")]
    pub plain_text_until_ms: i64,
    #[prost(int64, tag = "8")]
    pub joined_at_ms: i64,
    /// Earlier times in the group, the oldest first.
    #[prost(message, repeated, tag = "9")]
    pub stays: Vec<Stay>,
    /// They were removed from the group.
    #[prost(message, optional, tag = "10")]
    pub ended: Option<Ended>,
    /// They cleared everything up to this number; 0: never. Coming back into a group does not bring it back.
    #[prost(uint64, tag = "11")]
    pub cleared_to: u64,
    /// They are in the conversation since after this number; 0 also where they were let see what was said before.
    #[prost(uint64, tag = "12")]
    pub came_after: u64,
    /// As `stays`, also of what they cleared since: receipts go by these, so nobody learns from them that they cleared it.
    #[prost(message, repeated, tag = "13")]
    pub earlier: Vec<Stay>,
}

/// An earlier time in a group: entries `after + 1 ..= to`.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct Stay {
    #[prost(uint64, tag = "1")]
    pub after: u64,
    #[prost(uint64, tag = "2")]
    pub to: u64,
}

/// Where somebody was removed from a group: the last they see of it, and of what it was.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Ended {
    /// The last entry that they see.
    #[prost(uint64, tag = "1")]
    pub seq: u64,
    /// Its ordinal.
    #[prost(uint64, tag = "2")]
    pub ordinal: u64,
    /// Stamp of the commit that removed them.
    #[prost(uint64, tag = "3")]
    pub stamp: u64,
    #[prost(int64, tag = "4")]
    pub at_ms: i64,
    #[prost(string, tag = "5")]
    pub name: String,
    #[prost(string, tag = "6")]
    pub picture: String,
    /// Without them.
    #[prost(uint32, tag = "7")]
    pub member_count: u32,
}

impl Member {
    /// Somebody new, from after `head` on; with `history` they see what was said before, and need not read it.
    pub(super) fn new(head: Mark, history: bool) -> Self {
        let after = if history { Mark::default() } else { head };
        let passed = history.then_some(head);
        Self {
            visible_after: after.seq,
            ordinal_after: after.ordinal,
            passed,
            came_after: after.seq,
            ..Self::default()
        }
    }

    /// Whether the member was in the conversation when an entry was made, and has not cleared it since.
    pub(super) fn sees(&self, seq: u64) -> bool {
        let now = seq > self.visible_after && self.ended.as_ref().is_none_or(|ended| seq <= ended.seq);
        now || self.stays.iter().any(|stay| stay.after < seq && seq <= stay.to)
    }

    /// Whether an entry was the member's to see when it was made, or when they came; whatever they did to it since.
    pub(super) fn was_shown(&self, seq: u64) -> bool {
        let now = seq > self.came_after && self.ended.as_ref().is_none_or(|ended| seq <= ended.seq);
        now || self.earlier.iter().any(|stay| stay.after < seq && seq <= stay.to)
    }

    /// Nothing before and at this number is the member's to see.
    pub(super) fn first_after(&self) -> u64 {
        self.stays.first().map_or(self.visible_after, |stay| stay.after)
    }

    /// How far the member has come who has read up to a mark: not before what they can see, nor what they passed.
    pub(super) fn at_least(&self, mark: Mark) -> Mark {
        let joined = Mark::at(self.visible_after, self.ordinal_after);
        mark.further(joined).further(self.passed.unwrap_or_default())
    }

    /// The ranges that the member sees among `from..=to`, in rising order.
    pub(super) fn visible(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let last = self.ended.as_ref().map_or(u64::MAX, |ended| ended.seq);
        let all = self.stays.iter().map(|stay| (stay.after, stay.to)).chain([(self.visible_after, last)]);
        let cut = all.map(|(after, last)| (from.max(after.saturating_add(1)), to.min(last)));
        cut.filter(|(from, to)| from <= to).collect()
    }

    /// What lies between the times in which they were in the group.
    pub(super) fn unseen(&self) -> Vec<SeqRange> {
        let next = self.stays.iter().skip(1).map(|stay| stay.after).chain([self.visible_after]);
        let gaps = self.stays.iter().zip(next).filter(|(stay, next)| stay.to < *next);
        gaps.map(|(stay, next)| SeqRange { from_seq: stay.to + 1, to_seq: next }).collect()
    }

    /// Everything up to an entry goes out of sight.
    pub(super) fn clear(&mut self, to: Mark) {
        self.visible_after = to.seq;
        self.ordinal_after = to.ordinal;
        self.cleared_to = to.seq;
        self.stays.clear();
    }

    /// They are in the group again, from after `head` on; with `history` from the first entry on, save what they cleared.
    /// Whatever was said before they need not read.
    pub(super) fn come_back(&mut self, head: Mark, history: bool) {
        let Some(ended) = self.ended.take() else { return };
        self.passed = Some(head);
        if history {
            self.stays.clear();
            self.earlier.clear();
            self.visible_after = self.cleared_to;
            self.came_after = 0;
            return;
        }
        if self.visible_after < ended.seq {
            self.stays.push(Stay { after: self.visible_after, to: ended.seq });
        }
        self.earlier.push(Stay { after: self.came_after, to: ended.seq });
        for stays in [&mut self.stays, &mut self.earlier] {
            if stays.len() > MAX_STAYS {
                stays.remove(0);
            }
        }
        self.visible_after = head.seq;
        self.ordinal_after = head.ordinal;
        self.came_after = head.seq;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Something that happens to a member, or to the conversation.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Said,
        Removed,
        Back { history: bool },
        Cleared,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => Just(Step::Said),
            2 => Just(Step::Removed),
            3 => any::<bool>().prop_map(|history| Step::Back { history }),
            1 => Just(Step::Cleared),
        ];
        proptest::collection::vec(step, 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_member_sees_what_was_said_while_they_were_in(steps in steps()) {
            let mut member = Member::default();
            // By number: whether the member sees it.
            let mut seen: Vec<bool> = Vec::new();
            // As `seen`, with what they cleared.
            let mut shown: Vec<bool> = Vec::new();
            for step in steps {
                let head = Mark::at(seen.len() as u64, seen.len() as u64);
                match step {
                    Step::Said => {
                        seen.push(member.ended.is_none());
                        shown.push(member.ended.is_none());
                    }
                    Step::Removed if member.ended.is_none() => {
                        member.ended = Some(Ended { seq: head.seq, ..Ended::default() });
                    }
                    Step::Back { history } if member.ended.is_some() => {
                        member.come_back(head, history);
                        if history {
                            let cleared = member.cleared_to as usize;
                            seen.iter_mut().skip(cleared).for_each(|seen| *seen = true);
                            shown.fill(true);
                        }
                    }
                    Step::Cleared => {
                        let at = member.ended.as_ref().map_or(head.seq, |ended| ended.seq);
                        member.clear(Mark::at(at, at));
                        seen.iter_mut().take(at as usize).for_each(|seen| *seen = false);
                    }
                    _ => {}
                }
                prop_assume!(member.earlier.len() < MAX_STAYS);
                for (seq, shown) in (1_u64..).zip(&shown) {
                    prop_assert_eq!(member.was_shown(seq), *shown, "{} of {:?}", seq, &member);
                }
                let numbered = || seen.iter().zip(1_u64..).map(|(seen, seq)| (seq, *seen));
                for (seq, seen) in numbered() {
                    prop_assert_eq!(member.sees(seq), seen, "{} of {:?}", seq, &member);
                }
                let ranges = member.visible(1, seen.len() as u64);
                let listed: Vec<u64> = ranges.into_iter().flat_map(|(from, to)| from..=to).collect();
                let expected: Vec<u64> = numbered().filter(|(_, seen)| *seen).map(|(seq, _)| seq).collect();
                prop_assert_eq!(&listed, &expected);
                let unseen = member.unseen();
                let end = member.ended.as_ref().map_or(seen.len() as u64, |ended| ended.seq);
                for (seq, seen) in numbered().filter(|(seq, _)| *seq > member.first_after() && *seq <= end) {
                    let told = unseen.iter().any(|gap| (gap.from_seq..=gap.to_seq).contains(&seq));
                    prop_assert_eq!(told, !seen, "{} of {:?}", seq, &member);
                }
            }
        }
    }

    #[test]
    fn the_oldest_of_too_many_stays_is_forgotten() {
        let mut member = Member::default();
        for n in 1..=MAX_STAYS as u64 + 3 {
            member.ended = Some(Ended { seq: n * 10, ..Ended::default() });
            member.come_back(Mark::at(n * 10 + 5, 0), false);
        }
        assert_eq!((member.stays.len(), member.first_after()), (MAX_STAYS, 35));
        assert!(!member.sees(10) && !member.sees(30) && member.sees(36) && member.sees(236));
    }
}
