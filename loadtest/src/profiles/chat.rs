//! `chat`: one-to-one messages. The even people send, each to the odd one beside them, who checks that every message
//! comes once and in the order of its number. An operation is a message that was acknowledged and delivered.

use super::messages::{self, Pace, Said, Span};
use crate::Failure;
use crate::floor::Floor;
use crate::options::{Options, Profile};
use crate::people;
use crate::report::Report;
use crate::server::Server;
use teahouse_server::seed::Friends;
use tokio::task::JoinSet;

pub(crate) async fn run(options: &Options, floor: &Floor) -> Result<Report, Failure> {
    let server = Server::start(options, Friends::Pairs)?;
    let mut people = people::connect(options, &server, options.connections()).await?.into_iter();
    let pairs = people.len() / 2;
    let span = Span::of(options);
    let mut tasks = JoinSet::new();
    while let (Some(sender), Some(receiver)) = (people.next(), people.next()) {
        let said = Said::by(1);
        let pace = Pace::new(options, sender.index / 2, pairs);
        tasks.spawn(messages::receive(receiver, span, said.clone()));
        tasks.spawn(messages::send(sender.speaker()?, span, pace, options.text_bytes, said));
    }
    let cpu = messages::cpu(&server, span).await;
    let found = messages::gather(tasks).await?;
    let mut report = messages::report(Profile::Chat, options, floor, (&server, pairs * 2), cpu, found);
    report.goodput_ratio = report.offered_per_s.map(|offered| report.achieved_per_s / offered);
    Ok(report)
}
