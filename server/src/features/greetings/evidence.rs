//! What somebody sees of a greeting to them, for a report. It does not know who reports, nor why.

use super::handles::Stranger;
use super::tables::Place;
use super::{rows, rules};
use crate::error::Result;
use crate::id::{AccountId, GreetingId};
use crate::store::Tx;
use crate::time::Time;

/// A greeting as its receiver sees it.
#[derive(Clone, Debug)]
pub struct WitnessedGreeting {
    /// Who wrote it, as the receiver met them.
    pub sender: Stranger,
    /// What they wrote, each with its time, oldest first.
    pub texts: Vec<(String, Time)>,
}

/// A greeting that somebody was shown, whatever they did with it, until a week after. `GREETING_NOT_FOUND` else.
pub fn witnessed_greeting(tx: &mut Tx<'_>, me: AccountId, id: GreetingId) -> Result<WitnessedGreeting> {
    let row = rows::greeting(tx, me, id)?.filter(|row| !matches!(row.place(), Place::Waiting | Place::Lost));
    let row = row.ok_or_else(rules::greeting_not_found)?;
    let sender = row.stranger();
    let texts = row.texts.into_iter().map(|text| (text.text, Time(text.at_ms)));
    Ok(WitnessedGreeting { sender, texts: texts.collect() })
}
