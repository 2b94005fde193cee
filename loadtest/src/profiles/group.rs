//! `group` and `hot-group`: everybody is in one group and follows it. In `group` one of them speaks, in `hot-group` many
//! do. Each checks that every message comes once and in the order of its number. An operation is one delivery; the
//! messages themselves are counted as `acknowledge`.

use super::messages::{self, Pace, Said, Span};
use crate::Failure;
use crate::floor::Floor;
use crate::options::{Options, Profile};
use crate::people;
use crate::report::Report;
use crate::server::Server;
use teahouse_server::seed::Friends;
use tokio::task::JoinSet;

pub(crate) async fn run(options: &Options, profile: Profile, floor: &Floor) -> Result<Report, Failure> {
    let server = Server::start(options, Friends::Group)?;
    let people = people::connect(options, &server, options.connections()).await?;
    let (members, senders) = (people.len(), options.senders(profile));
    let span = Span::of(options);
    let said = Said::by(senders);
    let mut tasks = JoinSet::new();
    for person in people {
        if person.index < senders {
            let pace = Pace::new(options, person.index, senders);
            tasks.spawn(messages::send(person.speaker()?, span, pace, options.text_bytes, said.clone()));
        }
        tasks.spawn(messages::receive(person, span, said.clone()));
    }
    let cpu = messages::cpu(&server, span).await;
    let found = messages::gather(tasks).await?;
    let mut report = messages::report(profile, options, floor, (&server, members), cpu, found);
    // The rate is one of messages, and each is delivered to every member.
    report.goodput_ratio =
        report.offered_per_s.map(|offered| report.achieved_per_s / (offered * members as f64));
    Ok(report)
}
