//! What the server promises about a few people, their friendships and their direct conversations, in as few words as
//! possible: no time, no disk, no transport. Tests do the same to the model and to a server and compare. It follows
//! PRODUCT.md, not the server's code.

use std::collections::BTreeSet;

/// How many people there are.
pub const PEOPLE: usize = 3;

/// Something for each ordered pair: of the first about the second.
type Pairs<T> = [[T; PEOPLE]; PEOPLE];

/// A conversation of two, whatever they are to each other now.
#[derive(Clone, Debug, Default)]
pub struct Chat {
    /// What is in it, from number 1 on.
    pub entries: Vec<Entry>,
}

/// An entry as it is now.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// `None`: the notice that they became friends.
    pub author: Option<usize>,
    /// What it says.
    pub text: String,
    /// Its text was replaced.
    pub edited: bool,
    /// It was taken back.
    pub recalled: bool,
    /// Who gave it a thumb, in that order.
    pub thumbs: Vec<usize>,
    /// It is no message, but says that this earlier one changed.
    pub changes: Option<usize>,
}

impl Entry {
    fn is_message(&self) -> bool {
        self.author.is_some() && self.changes.is_none()
    }
}

impl Chat {
    /// The number of messages up to an entry.
    pub fn ordinal(&self, seq: usize) -> usize {
        self.entries[..seq].iter().filter(|entry| entry.is_message()).count()
    }
}

/// What somebody has of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// They see what comes after this number,
    pub after: usize,
    /// and have read up to this one.
    pub read: usize,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// I have them as a friend.
    pub has: Pairs<bool>,
    /// I block them.
    pub blocks: Pairs<bool>,
    /// I asked them, and we have not become friends since.
    pub asked: Pairs<bool>,
    /// Their request reached me and waits, perhaps hidden by a block of mine.
    pub heard: Pairs<bool>,
    /// I am in our conversation.
    pub member: Pairs<Option<Member>>,
    /// What I deleted for myself in it.
    pub deleted: Pairs<BTreeSet<usize>>,
    chats: Pairs<Chat>,
}

/// How an operation ends: done, or refused with this reason.
pub type Outcome = Result<(), &'static str>;

impl Model {
    /// The conversation of two.
    pub fn chat(&self, a: usize, b: usize) -> &Chat {
        &self.chats[a.min(b)][a.max(b)]
    }

    fn chat_mut(&mut self, a: usize, b: usize) -> &mut Chat {
        &mut self.chats[a.min(b)][a.max(b)]
    }

    /// Whether messages may pass.
    pub fn may_talk(&self, a: usize, b: usize) -> bool {
        self.has[a][b] && self.has[b][a] && !self.blocks[a][b] && !self.blocks[b][a]
    }

    /// Requests that `a` is shown, by asker.
    pub fn shown(&self, a: usize) -> Vec<usize> {
        (0..PEOPLE).filter(|b| self.heard[a][*b] && !self.blocks[a][*b]).collect()
    }

    /// `a` asks `b`. `Ok(true)`: they are friends now, as far as `a` can see.
    pub fn ask(&mut self, a: usize, b: usize) -> Result<bool, &'static str> {
        if self.blocks[a][b] {
            return Err("YOU_BLOCK_THEM");
        }
        if self.may_talk(a, b) {
            return Err("ALREADY_FRIENDS");
        }
        if self.blocks[b][a] {
            if self.heard[a][b] {
                self.befriend_unseen(a, b);
                return Ok(true);
            }
            self.asked[a][b] = true;
            return Ok(false);
        }
        if self.asked[b][a] || self.heard[a][b] {
            self.befriend(a, b);
        } else if self.has[b][a] {
            self.join(a, b);
            self.has[a][b] = true;
            self.asked[a][b] = false;
        } else {
            self.asked[a][b] = true;
            self.heard[b][a] = true;
            return Ok(false);
        }
        Ok(true)
    }

    /// `a` accepts the request of `b`.
    pub fn accept(&mut self, a: usize, b: usize) -> Outcome {
        if !self.heard[a][b] || self.blocks[a][b] {
            return Err("REQUEST_NOT_FOUND");
        }
        if self.blocks[b][a] {
            self.befriend_unseen(a, b);
        } else {
            self.befriend(a, b);
        }
        Ok(())
    }

    fn befriend(&mut self, a: usize, b: usize) {
        for (one, other) in [(a, b), (b, a)] {
            self.join(one, other);
            self.has[one][other] = true;
            self.asked[one][other] = false;
            self.heard[one][other] = false;
        }
        self.chat_mut(a, b).entries.push(Entry::default());
    }

    /// `b` blocks `a` and is not to notice.
    fn befriend_unseen(&mut self, a: usize, b: usize) {
        self.join(a, b);
        self.has[a][b] = true;
        self.asked[a][b] = false;
        self.heard[a][b] = false;
        self.chat_mut(a, b).entries.push(Entry::default());
    }

    fn join(&mut self, a: usize, b: usize) {
        let head = self.chat(a, b).entries.len();
        self.member[a][b].get_or_insert(Member { after: head, read: head });
    }

    /// `a` deletes `b`.
    pub fn delete(&mut self, a: usize, b: usize) -> Outcome {
        if !self.has[a][b] {
            return Err("FRIEND_NOT_FOUND");
        }
        self.has[a][b] = false;
        self.member[a][b] = None;
        self.deleted[a][b].clear();
        Ok(())
    }

    /// `a` writes to `b`: the number.
    pub fn send(&mut self, a: usize, b: usize, text: &str) -> Result<usize, &'static str> {
        if !self.may_talk(a, b) {
            return Err("NOT_FRIENDS");
        }
        self.chat_mut(a, b).entries.push(Entry {
            author: Some(a),
            text: text.to_owned(),
            ..Entry::default()
        });
        let seq = self.chat(a, b).entries.len();
        if let Some(member) = &mut self.member[a][b] {
            member.read = seq;
        }
        Ok(seq)
    }

    /// `a` reads up to an entry.
    pub fn read(&mut self, a: usize, b: usize, seq: usize) -> Outcome {
        let head = self.chat(a, b).entries.len();
        let Some(member) = &mut self.member[a][b] else { return Err("CONVERSATION_NOT_FOUND") };
        if seq > head {
            return Err("SEQ_INVALID");
        }
        member.read = member.read.max(seq);
        Ok(())
    }

    /// A message that `a` sees.
    fn target(&mut self, a: usize, b: usize, seq: usize) -> Result<&mut Entry, &'static str> {
        let member = self.member[a][b].ok_or("CONVERSATION_NOT_FOUND")?;
        let seen = seq > member.after && !self.deleted[a][b].contains(&seq);
        let entry = seq.checked_sub(1).and_then(|at| self.chat_mut(a, b).entries.get_mut(at));
        entry.filter(|entry| seen && entry.is_message()).ok_or("MESSAGE_NOT_FOUND")
    }

    fn note_change(&mut self, a: usize, b: usize, seq: usize) {
        let entry = Entry { author: Some(a), changes: Some(seq), ..Entry::default() };
        self.chat_mut(a, b).entries.push(entry);
    }

    /// `a` takes a message back.
    pub fn recall(&mut self, a: usize, b: usize, seq: usize) -> Outcome {
        let target = self.target(a, b, seq)?;
        if target.author != Some(a) {
            return Err("NOT_YOURS");
        }
        if !target.recalled {
            *target = Entry { author: Some(a), recalled: true, ..Entry::default() };
            self.note_change(a, b, seq);
        }
        Ok(())
    }

    /// `a` replaces the text of a message.
    pub fn edit(&mut self, a: usize, b: usize, seq: usize, text: &str) -> Outcome {
        let may_talk = self.may_talk(a, b);
        let target = self.target(a, b, seq)?;
        match target {
            Entry { recalled: true, .. } => Err("MESSAGE_NOT_FOUND"),
            Entry { author, .. } if *author != Some(a) => Err("NOT_YOURS"),
            same if same.text == text => Ok(()),
            _ if !may_talk => Err("NOT_FRIENDS"),
            target => {
                target.text = text.to_owned();
                target.edited = true;
                self.note_change(a, b, seq);
                Ok(())
            }
        }
    }

    /// `a` gives a message a thumb, or takes it back.
    pub fn react(&mut self, a: usize, b: usize, seq: usize, on: bool) -> Outcome {
        let may_talk = self.may_talk(a, b);
        let target = self.target(a, b, seq)?;
        if target.recalled {
            return Err("MESSAGE_NOT_FOUND");
        }
        if target.thumbs.contains(&a) == on {
            return Ok(());
        }
        if !may_talk {
            return Err("NOT_FRIENDS");
        }
        target.thumbs.retain(|who| *who != a);
        if on {
            target.thumbs.push(a);
        }
        self.note_change(a, b, seq);
        Ok(())
    }

    /// `a` deletes a message for themselves.
    pub fn delete_for_me(&mut self, a: usize, b: usize, seq: usize) -> Outcome {
        if seq == 0 && self.member[a][b].is_some() {
            return Err("SEQ_INVALID");
        }
        self.read(a, b, seq)?;
        if self.target(a, b, seq).is_ok() {
            self.deleted[a][b].insert(seq);
        }
        Ok(())
    }

    /// `a` clears their history.
    pub fn clear(&mut self, a: usize, b: usize) -> Outcome {
        let head = self.chat(a, b).entries.len();
        let member = self.member[a][b].as_mut().ok_or("CONVERSATION_NOT_FOUND")?;
        *member = Member { after: head, read: head };
        Ok(())
    }

    /// How many messages `a` has not read.
    pub fn unread(&self, a: usize, b: usize) -> Option<usize> {
        let (member, chat) = (self.member[a][b]?, self.chat(a, b));
        Some(chat.ordinal(chat.entries.len()) - chat.ordinal(member.read))
    }
}
