//! Whoever is not entitled gets the answer for what does not exist, on every method; whoever was deleted or blocked gets
//! what a stranger gets, byte for byte, and notices nothing; who is not signed in gets nothing at all.

mod gone;
mod reports;
mod rows;
mod stage;
mod strangers;

use bytes::Bytes;
use futures::StreamExt;
use prost::Message;
use rows::{Names, Row, rows};
use stage::{Outsider, SECRETS, Stage, Things};
use teahouse_proto::accounts::LogoutRequest;
use teahouse_proto::gateway::{Failure, FailureKind};
use teahouse_proto::sync::{FollowResponse, follow_response};
use teahouse_proto::{METHODS, MethodInfo};
use teahouse_tests::device::Device;
use teahouse_tests::plain::Plain;
use teahouse_tests::world::{PATIENCE, World};

/// What came of a call: an encoded answer (of a stream, its events up to `caught_up`), or the failure as it travels.
type Outcome = Result<Vec<Bytes>, Failure>;

async fn call(device: &Device, method: &MethodInfo, request: Bytes) -> Outcome {
    if !method.streams {
        let answer = device.call_bytes(method, request).await;
        return answer.map(|answer| vec![answer]).map_err(|e| e.to_failure());
    }
    let connection = device.connection().await.map_err(|e| e.to_failure())?;
    let mut events = connection.stream_bytes(method.path, request).await.map_err(|e| e.to_failure())?;
    let mut all = Vec::new();
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("an event in time");
        let event = event.expect("a stream ends with a word").map_err(|e| e.to_failure())?;
        let follow = FollowResponse::decode(event.clone()).expect("an event");
        all.push(event);
        if matches!(follow.event, Some(follow_response::Event::CaughtUp(_))) {
            return Ok(all);
        }
    }
}

/// An outcome in plain form, in which that of two people can be compared.
fn plain(method: &MethodInfo, outcome: &Outcome) -> String {
    match outcome {
        Ok(answers) => {
            let mut plain = Plain::default();
            let lines = answers.iter().map(|answer| plain.bytes(method.response, answer).to_string());
            lines.collect::<Vec<_>>().join("\n")
        }
        Err(failure) => format!("{failure:?}"),
    }
}

/// What the matrix finds.
#[derive(Default)]
struct Findings {
    violations: Vec<String>,
    passers_by: usize,
}

impl Findings {
    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(what());
        }
    }

    /// No answer to somebody else holds what is Anna's.
    fn no_leak(&mut self, who: &str, method: &MethodInfo, outcome: &Outcome) {
        for answer in outcome.iter().flatten() {
            for secret in SECRETS {
                let found = answer.windows(secret.len()).any(|w| w == secret.as_bytes());
                self.check(!found, || format!("{who}, {}: reads “{secret}”", method.name()));
            }
        }
    }

    fn same(&mut self, who: &str, method: &MethodInfo, one: &Outcome, other: &Outcome) {
        let (one, other) = (plain(method, one), plain(method, other));
        self.check(one == other, || format!("{who}, {}:\n  {one}\n  {other}", method.name()));
    }
}

/// Everything that an outsider can read, in plain form: nothing of it may change when Anna deletes or blocks them.
async fn view(stage: &Stage, outsider: &Outsider) -> Vec<String> {
    let anna = stage.anna_for(outsider).await;
    let seen = Things { friend: anna.account, ..anna };
    let mut lines = Vec::new();
    for row in rows().iter().filter(|row| row.method.reads || row.names == Names::Caller) {
        let outcome = call(&outsider.person, row.method, (row.request)(&seen)).await;
        lines.push(format!("{}: {}", row.method.name(), plain(row.method, &outcome)));
    }
    lines
}

async fn things(stage: &Stage, findings: &mut Findings, row: &Row) {
    let (hers, never) = ((row.request)(&stage.hers), (row.request)(&stage.never));
    let temporary = Things { chat: stage.hers.temporary, ..stage.hers.clone() };
    let mut requests = vec![hers, (row.request)(&temporary)];
    requests.dedup();
    for outsider in &stage.outsiders {
        let absent = call(&outsider.person, row.method, never.clone()).await;
        findings.check(absent.is_err(), || format!("{}: what never was is there", row.method.name()));
        for request in &requests {
            let got = call(&outsider.person, row.method, request.clone()).await;
            findings.check(got.is_err(), || format!("{}, {}: granted", outsider.is, row.method.name()));
            findings.same(outsider.is, row.method, &got, &absent);
            findings.no_leak(outsider.is, row.method, &got);
        }
    }
}

async fn lost(stage: &Stage, findings: &mut Findings, row: &Row) {
    let lost = Things { chat: stage.lost, ..stage.never.clone() };
    let got = call(&stage.anna, row.method, (row.request)(&lost)).await;
    let absent = call(&stage.anna, row.method, (row.request)(&stage.never)).await;
    findings.same("who deleted a friend, of the conversation lost", row.method, &got, &absent);
}

async fn callers(world: &World, stage: &Stage, findings: &mut Findings, row: &Row) {
    for outsider in &stage.outsiders {
        let outcome = match row.names {
            Names::CallerAtACost => {
                findings.passers_by += 1;
                let passer_by = world.person(&format!("passer{}", findings.passers_by)).await;
                call(&passer_by, row.method, (row.request)(&stage.hers)).await
            }
            _ => call(&outsider.person, row.method, (row.request)(&stage.hers)).await,
        };
        findings.no_leak(outsider.is, row.method, &outcome);
        if row.names == Names::CallerAtACost {
            return;
        }
    }
}

async fn persons(stage: &Stage, findings: &mut Findings, row: &Row) {
    let mut outcomes = Vec::new();
    for outsider in &stage.outsiders {
        let anna = stage.anna_for(outsider).await;
        let outcome = call(&outsider.person, row.method, (row.request)(&anna)).await;
        findings.no_leak(outsider.is, row.method, &outcome);
        outcomes.push((outsider, outcome));
    }
    // Who has Anna as a friend still has her number, and gets it; for the rest all are alike.
    for (outsider, outcome) in &outcomes {
        for (other, another) in &outcomes {
            if outsider.was_friend == other.was_friend || outcome.is_err() {
                findings.same(&format!("{} and {}", outsider.is, other.is), row.method, outcome, another);
            }
        }
    }
    if let Some((outsider, Err(failure))) = outcomes.first() {
        let never = call(&outsider.person, row.method, (row.request)(&stage.never)).await;
        findings.same("a stranger, of nobody", row.method, &Err(failure.clone()), &never);
    }
}

async fn signed_out(world: &World, stage: &Stage, findings: &mut Findings) {
    let dead = stage.anna.sign_in("lost phone").await;
    dead.accounts().logout(LogoutRequest {}).await.expect("signed out");
    let mut forged = stage.anna.token().to_owned();
    forged.replace_range(0..1, if forged.starts_with('A') { "B" } else { "A" });
    let forged = world.device("a forger").signed_in(stage.anna.account_id, stage.anna.device_id, &forged);
    for row in rows().iter().filter(|row| row.names != Names::Open) {
        for device in [&world.device("nobody"), &dead, &forged] {
            let outcome = call(device, row.method, (row.request)(&stage.hers)).await;
            let refused = outcome
                .as_ref()
                .is_err_and(|f| f.kind() == FailureKind::Unauthenticated && f.reason == "UNAUTHENTICATED");
            findings.check(refused, || {
                format!("signed out, {}: {}", row.method.name(), plain(row.method, &outcome))
            });
        }
    }
}

/// Tries the whole matrix; gives all that is not as it must be.
pub(crate) async fn violations(world: &World) -> Vec<String> {
    let mut findings = Findings::default();
    let stage = Stage::set(world).await;
    let mut before = Vec::new();
    for outsider in &stage.outsiders {
        before.push(view(&stage, outsider).await);
    }
    stage.part().await;
    for (outsider, before) in stage.outsiders.iter().zip(before) {
        for (before, after) in before.iter().zip(view(&stage, outsider).await) {
            findings.check(*before == after, || format!("{} notices:\n  {before}\n  {after}", outsider.is));
        }
    }
    for row in rows() {
        match row.names {
            Names::Open => {}
            Names::Caller | Names::CallerAtACost => callers(world, &stage, &mut findings, &row).await,
            Names::Thing => {
                things(&stage, &mut findings, &row).await;
                lost(&stage, &mut findings, &row).await;
            }
            Names::Person => persons(&stage, &mut findings, &row).await,
        }
    }
    signed_out(world, &stage, &mut findings).await;
    findings.violations
}

#[test]
fn every_method_has_a_row() {
    for method in METHODS {
        assert!(rows().iter().any(|row| row.method == *method), "{} has no row", method.path);
    }
}

#[tokio::test]
async fn nobody_gets_what_is_not_theirs() {
    teahouse_tests::world::over_all_transports(async |world| {
        let found = violations(world).await;
        assert!(found.is_empty(), "{} violations:\n{}", found.len(), found.join("\n"));
    })
    .await;
}
