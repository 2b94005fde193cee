//! Simulated people: connections that are signed in, and their Follow streams.

use crate::Failure;
use crate::options::Options;
use crate::server::Server;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr};
use teahouse_client::{Connection, Connector};
use teahouse_proto::SyncClient;
use teahouse_proto::chat::ConversationKind;
use teahouse_proto::sync::follow_response::Event;
use teahouse_proto::sync::{FollowRequest, FollowResponse};
use teahouse_server::seed;

/// Sockets from one local address: a port is 16 bits, and the kernel keeps some.
const SOCKETS_PER_ADDRESS: usize = 20_000;
/// Connections made at once.
const AT_ONCE: usize = 64;

/// A Follow stream.
pub(crate) type Following = BoxStream<'static, teahouse_client::Result<FollowResponse>>;

/// Somebody connected.
pub(crate) struct Person {
    pub index: usize,
    pub connection: Connection,
    /// Caught up. What the catch-up told: conversations by head.
    pub following: Following,
    pub conversations: Vec<u64>,
}

impl Person {
    /// What it takes to speak in the person's conversation.
    pub(crate) fn speaker(&self) -> Result<(usize, Connection, u64), Failure> {
        let conversation = self.conversations.first().ok_or("a person has nobody to talk to")?;
        Ok((self.index, self.connection.clone(), *conversation))
    }
}

/// Connects and signs in the first `count` people and lets them catch up.
pub(crate) async fn connect(
    options: &Options,
    server: &Server,
    count: usize,
) -> Result<Vec<Person>, Failure> {
    let bar = progress(count as u64, "connecting");
    let connector =
        Connector::new(&server.url)?.transport(options.transport).max_calls(options.in_flight.max(32));
    let mut people: Vec<Person> = stream::iter(0..count)
        .map(|index| {
            let connector = connector.clone();
            async move { one(options, &connector, index).await }
        })
        .buffer_unordered(AT_ONCE)
        .inspect(|_| bar.inc(1))
        .try_collect()
        .await?;
    bar.finish_and_clear();
    people.sort_by_key(|person| person.index);
    Ok(people)
}

async fn one(options: &Options, connector: &Connector, index: usize) -> Result<Person, Failure> {
    let local = Ipv4Addr::new(127, 0, 0, 2 + u8::try_from(index / SOCKETS_PER_ADDRESS)?);
    let token = seed::token(&options.seed, index);
    let connection = connector.clone().local_address(IpAddr::V4(local)).token(&token).connect().await?;
    let request = FollowRequest { cursor: Bytes::new() };
    let mut following = SyncClient(connection.clone()).follow(request).await?;
    let mut conversations = Vec::new();
    while let Some(response) = following.next().await {
        match response?.event {
            Some(Event::Moved(conversation)) if conversation.kind() != ConversationKind::Self_ => {
                conversations.push(conversation.conversation_id);
            }
            Some(Event::CaughtUp(_)) => return Ok(Person { index, connection, following, conversations }),
            _ => {}
        }
    }
    Err("a Follow stream ended before it was caught up".into())
}

/// A line on standard error of what begins, where no bar is shown: whatever ends the program, it has said how far it
/// came.
pub(crate) fn say(what: &str) {
    if !std::io::stderr().is_terminal() {
        eprintln!("teahouse-loadtest: {what}");
    }
}

/// A bar on standard error.
pub(crate) fn progress(len: u64, what: &'static str) -> ProgressBar {
    say(&format!("{what} {len}"));
    let style = ProgressStyle::with_template("{msg:>12} {wide_bar} {pos}/{len}");
    ProgressBar::new(len).with_style(style.expect("the template is well-formed")).with_message(what)
}
