//! Mentions as they are typed: `@Name` and `@all` within a text. Pure.

use super::people::ambiguous;
use super::text::same_name;
use std::collections::BTreeSet;
use teahouse_client::Result;
use teahouse_proto::chat::Mention;

/// The word that stands for everybody in a group.
const ALL: &str = "all";
/// The most mentions that a message may have; what is beyond stays plain text.
const MAX_MENTIONS: usize = 50;

/// Whom a text may mention: names and the accounts they stand for.
#[derive(Debug, Default)]
pub(crate) struct Mentionable {
    /// Names that nobody can take: usernames and remarks of friends, account ids.
    pub(crate) sure: Vec<(String, u64)>,
    /// What people call themselves.
    pub(crate) chosen: Vec<(String, u64)>,
    /// Whether `@all` means everybody.
    pub(crate) everybody: bool,
}

/// The mentions in a text, in order. The longest name counts, and none that begins within a word, so that an address like
/// `tea@example.org` mentions nobody.
///
/// # Errors
/// `NAME_AMBIGUOUS` where a name may stand for several.
pub(super) fn find(text: &str, whom: &Mentionable) -> Result<Vec<Mention>> {
    let mut mentions = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('@').map(|at| from + at) {
        from = at + 1;
        if goes_on(text[..at].chars().next_back()) || mentions.len() == MAX_MENTIONS {
            continue;
        }
        let rest = &text[from..];
        let names = whom.sure.iter().chain(&whom.chosen).map(|(name, _)| name.as_str());
        let all = whom.everybody.then_some(ALL);
        let Some(length) = names.chain(all).filter_map(|name| begins(rest, name)).max() else { continue };
        let account = meant(&rest[..length], whom)?;
        mentions.push(Mention {
            account_id: account.unwrap_or_default(),
            offset: u32::try_from(at).unwrap_or(u32::MAX),
            length: u32::try_from(length + 1).unwrap_or(u32::MAX),
            all: account.is_none(),
        });
        from += length;
    }
    Ok(mentions)
}

/// How many bytes a name takes at the beginning of a text. Where its last word goes on, it is another name.
fn begins(rest: &str, name: &str) -> Option<usize> {
    let mut end = 0;
    for _ in name.chars() {
        end += rest[end..].chars().next()?.len_utf8();
    }
    let cut = goes_on(name.chars().next_back()) && goes_on(rest[end..].chars().next());
    (!cut && same_name(name, &rest[..end])).then_some(end)
}

/// Whether a word goes on at this character. Languages without spaces write on before and after a name.
fn goes_on(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The account that a name stands for; `None`: everybody.
fn meant(name: &str, whom: &Mentionable) -> Result<Option<u64>> {
    let owners = |names: &[(String, u64)]| -> BTreeSet<u64> {
        names.iter().filter(|(n, _)| same_name(n, name)).map(|(_, id)| *id).collect()
    };
    let mut owners_of_name = owners(&whom.sure);
    if owners_of_name.is_empty() {
        if whom.everybody && same_name(ALL, name) {
            return Ok(None);
        }
        owners_of_name = owners(&whom.chosen);
    }
    let several: Vec<_> = owners_of_name.into_iter().collect();
    match several.as_slice() {
        [one] => Ok(Some(*one)),
        several => Err(ambiguous(name, several.iter().map(|id| format!("account {id}")))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whom() -> Mentionable {
        let named = |name: &str, id| (name.to_owned(), id);
        Mentionable {
            sure: vec![named("bobby01", 10), named("11", 11)],
            chosen: vec![
                named("Anna", 11),
                named("Anna Li", 12),
                named("小明", 13),
                named("Sam", 14),
                named("sam", 15),
                named("bobby01", 16),
                named("all", 17),
            ],
            everybody: true,
        }
    }

    /// Accounts, with the part of the text that mentions them; 0 for everybody.
    fn found(text: &str) -> Vec<(u64, &str)> {
        let shown = |m: &Mention| {
            let part = &text[m.offset as usize..(m.offset + m.length) as usize];
            assert_eq!(m.all, m.account_id == 0);
            (m.account_id, part)
        };
        find(text, &whom()).unwrap().iter().map(shown).collect()
    }

    #[test]
    fn names_are_found_where_a_word_begins() {
        assert_eq!(found("@Anna, tea? (@BOBBY01)"), [(11, "@Anna"), (10, "@BOBBY01")]);
        assert_eq!(found("@Anna Li and @11"), [(12, "@Anna Li"), (11, "@11")]);
        assert_eq!(found("你好@小明你好"), [(13, "@小明")]);
        assert_eq!(found("@all: tea @all"), [(0, "@all"), (0, "@all")]);
        for none in ["tea@anna", "@Annabel", "@allen", "@", "@@", "a @ b", "@nobody", ""] {
            assert_eq!(found(none), [], "{none}");
        }
        assert_eq!(found("@@Anna"), [(11, "@Anna")]);
    }

    #[test]
    fn a_chosen_name_is_no_other_name_and_two_are_refused() {
        assert_eq!(found("@bobby01"), [(10, "@bobby01")], "who calls themselves so is not mentioned");
        assert_eq!(found("@all"), [(0, "@all")], "nobody is called all");
        let error = find("hi @Sam", &whom()).expect_err("two");
        assert_eq!(error.reason(), "NAME_AMBIGUOUS");
        assert!(error.message().contains("account 14, account 15"), "{error}");
        let one = Mentionable { everybody: false, ..whom() };
        assert_eq!(find("@all", &one).unwrap()[0].account_id, 17, "in a direct conversation it is a name");
    }

    #[test]
    fn there_are_no_more_than_the_server_takes() {
        assert_eq!(found(&"@Anna ".repeat(60)).len(), MAX_MENTIONS);
    }
}
