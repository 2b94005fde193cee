//! What all shakes brought, and whether it can be true: whoever I see sees me, nobody is seen outside of the window, and
//! nobody stays alone beside somebody who is alone. It does not know how the shakes were made.

use std::collections::{HashMap, HashSet};

/// The most people that one shake meets.
const PLACES: usize = 20;
/// Clocks are read to a millisecond, and news are told so much later than they are known.
const SLACK_MS: i64 = 100;

/// What came of one shake.
#[derive(Clone, Debug)]
pub(super) struct Shake {
    /// Who shook.
    pub person: usize,
    /// When the server was asked and when it had answered, by its clock (Unix milliseconds): somewhere between, they shook.
    pub asked_ms: i64,
    pub answered_ms: i64,
    /// Whom they were shown, and whether each band was right.
    pub partners: Vec<(usize, bool)>,
    /// The server said that nobody follows.
    pub is_over: bool,
}

/// What is wrong with all of them.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// What cannot be true, a sentence each.
    pub wrong: Vec<String>,
    /// Shakes that never ended, and pairs that should have met.
    pub missing: u64,
    /// People who were told of twice.
    pub repeated: u64,
}

/// Judges the shakes of people of whom some pairs block each other.
pub(super) fn judge(shakes: &[Shake], blocks: &[(usize, usize)], window_ms: i64) -> Verdict {
    let mut verdict = Verdict::default();
    let blocks: HashSet<(usize, usize)> = blocks.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect();
    let mut of: HashMap<usize, Vec<&Shake>> = HashMap::new();
    shakes.iter().for_each(|shake| of.entry(shake.person).or_default().push(shake));
    for shake in shakes {
        let me = shake.person;
        verdict.missing += u64::from(!shake.is_over);
        let met: HashSet<usize> = shake.partners.iter().map(|(person, _)| *person).collect();
        verdict.repeated += (shake.partners.len() - met.len()) as u64;
        if met.len() > PLACES {
            verdict.wrong.push(format!("person {me} meets {} people by one shake", met.len()));
        }
        for (person, in_its_band) in &shake.partners {
            let theirs = of.get(person).map_or(&[][..], |shakes| shakes);
            if let Some(wrong) = what_is_wrong(shake, *person, theirs, &blocks, window_ms) {
                verdict.wrong.push(wrong);
            } else if !in_its_band {
                verdict.wrong.push(format!("person {me} meets {person} in a wrong band"));
            }
        }
    }
    verdict.missing += missed(shakes, &of, &blocks, window_ms);
    verdict
}

fn what_is_wrong(
    shake: &Shake,
    other: usize,
    theirs: &[&Shake],
    blocks: &HashSet<(usize, usize)>,
    window_ms: i64,
) -> Option<String> {
    let me = shake.person;
    if me == other {
        return Some(format!("person {me} meets themself"));
    }
    if blocks.contains(&(me, other)) {
        return Some(format!("person {me} meets {other}, and one of them blocks the other"));
    }
    let mut in_time =
        theirs.iter().filter(|their| least_apart_ms(shake, their) <= window_ms + SLACK_MS).peekable();
    if in_time.peek().is_none() {
        return Some(format!("person {me} meets {other}, who did not shake at that time"));
    }
    let seen = in_time.any(|their| their.partners.iter().any(|(person, _)| *person == me));
    (!seen).then(|| format!("person {me} meets {other}, who does not meet them"))
}

/// Pairs of shakes that both had a free place and surely were in the same window, and did not meet.
fn missed(
    shakes: &[Shake],
    of: &HashMap<usize, Vec<&Shake>>,
    blocks: &HashSet<(usize, usize)>,
    window_ms: i64,
) -> u64 {
    // Whoever shakes again ends the shake before, and who met lately does not meet again.
    let is_alone = |shake: &Shake| {
        let near = |their: &&&Shake| least_apart_ms(shake, their) <= 2 * window_ms + SLACK_MS;
        of[&shake.person].iter().filter(near).count() == 1
    };
    let mut free: Vec<&Shake> =
        shakes.iter().filter(|shake| shake.partners.len() < PLACES && is_alone(shake)).collect();
    free.sort_unstable_by_key(|shake| shake.asked_ms);
    let mut missed = 0;
    for (n, mine) in free.iter().enumerate() {
        let later = free[n + 1..].iter().take_while(|their| their.asked_ms <= mine.answered_ms + window_ms);
        missed += later
            .filter(|their| most_apart_ms(mine, their) <= window_ms - SLACK_MS)
            .filter(|their| !blocks.contains(&(mine.person, their.person)))
            .filter(|their| mine.partners.iter().all(|(person, _)| *person != their.person))
            .count() as u64;
    }
    missed
}

fn least_apart_ms(one: &Shake, other: &Shake) -> i64 {
    (one.asked_ms - other.answered_ms).max(other.asked_ms - one.answered_ms).max(0)
}

fn most_apart_ms(one: &Shake, other: &Shake) -> i64 {
    (one.answered_ms - other.asked_ms).max(other.answered_ms - one.asked_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_MS: i64 = 5_000;

    fn shake(person: usize, asked_ms: i64, partners: &[usize]) -> Shake {
        let partners = partners.iter().map(|partner| (*partner, true)).collect();
        Shake { person, asked_ms, answered_ms: asked_ms + 30, partners, is_over: true }
    }

    #[test]
    fn matches_that_both_sides_see_are_right() {
        let shakes = [
            shake(1, 1_000, &[2, 3]),
            shake(2, 3_000, &[1, 3]),
            shake(3, 5_900, &[2, 1]),
            shake(4, 30_000, &[]),
            // Blocks the one before.
            shake(5, 30_500, &[]),
            // Came again: whom they met before they need not meet.
            shake(3, 12_500, &[]),
        ];
        let verdict = judge(&shakes, &[(4, 5)], WINDOW_MS);
        assert!(verdict.wrong.is_empty(), "{:?}", verdict.wrong);
        assert_eq!((verdict.missing, verdict.repeated), (0, 0));
    }

    #[test]
    fn matches_that_cannot_be_are_found() {
        for (shakes, said) in [
            (vec![shake(1, 0, &[2]), shake(2, 0, &[])], "does not meet them"),
            (vec![shake(1, 0, &[1])], "themself"),
            (vec![shake(1, 0, &[2]), shake(2, 5_300, &[1])], "did not shake at that time"),
            (vec![shake(1, 0, &[2])], "did not shake at that time"),
            (vec![shake(7, 0, &[8]), shake(8, 0, &[7])], "blocks"),
            (vec![shake(1, 0, &(2..23).collect::<Vec<_>>())], "21 people"),
            (vec![Shake { partners: vec![(2, false)], ..shake(1, 0, &[]) }, shake(2, 0, &[1])], "wrong band"),
        ] {
            let verdict = judge(&shakes, &[(7, 8)], WINDOW_MS);
            assert!(verdict.wrong.iter().any(|wrong| wrong.contains(said)), "{said}: {:?}", verdict.wrong);
        }
    }

    #[test]
    fn who_is_left_alone_is_missed() {
        let alone = [shake(1, 0, &[]), shake(2, 4_800, &[]), shake(3, 9_000, &[3, 3])];
        let verdict = judge(&alone, &[], WINDOW_MS);
        assert_eq!((verdict.missing, verdict.repeated), (2, 1));
        let endless = Shake { is_over: false, ..shake(1, 0, &[]) };
        assert_eq!(judge(&[endless], &[], WINDOW_MS).missing, 1);
    }
}
