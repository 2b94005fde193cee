//! Reports, as those see them who make them, who is reported, and who looks after the server.

use teahouse_client::Error;
use teahouse_proto::chat::RecallMessageRequest;
use teahouse_proto::safety::report_request::Object;
use teahouse_proto::safety::{
    ListReportsRequest, ListSanctionsRequest, MessageRef, OwnReport, Reason, ReportRequest, Sanction,
};
use teahouse_proto::sync::account_event::What;
use teahouse_proto::sync::follow_response::Event;
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{reason, text};
use teahouse_tests::world::{Setup, World, over_all_transports_with};

/// Somebody reports something, under a number of theirs.
async fn report(who: &Person, number: u8, object: Object) -> Result<u64, Error> {
    let request = ReportRequest {
        client_report_id: vec![number; 16].into(),
        reason: Reason::Spam.into(),
        text: "always the same".to_owned(),
        object: Some(object),
    };
    Ok(who.safety().report(request).await?.report_id)
}

async fn reports(who: &Person) -> Vec<OwnReport> {
    who.safety().list_reports(ListReportsRequest::default()).await.expect("a list").reports
}

async fn sanctions(who: &Person) -> Vec<Sanction> {
    who.safety().list_sanctions(ListSanctionsRequest {}).await.expect("a list").sanctions
}

fn message(conversation_id: u64, seq: u64) -> Object {
    Object::Message(MessageRef { conversation_id, seq })
}

/// What an event says, where `find` knows it.
fn account<T>(event: &Event, find: impl Fn(&What) -> Option<T>) -> Option<T> {
    match event {
        Event::Account(event) => event.what.as_ref().and_then(find),
        _ => None,
    }
}

/// Boris advertises to his friends, who report it: each what he said to them. The first had it recalled before.
async fn reported_by_all(boris: &Person, friends: &[(Person, u64)]) -> u64 {
    let (anna, chat) = &friends[0];
    let seq = boris.say(*chat, "buy my tea").await;
    let recall = RecallMessageRequest { conversation_id: *chat, seq };
    boris.chat().recall_message(recall).await.expect("recalled");
    let first = report(anna, 1, message(*chat, seq)).await.expect("reported");
    assert_eq!(report(anna, 1, message(*chat, seq)).await.expect("the same"), first);
    assert_eq!(reason(report(anna, 2, message(*chat, 99)).await), "MESSAGE_NOT_FOUND");
    assert_eq!(reason(report(anna, 3, message(friends[1].1, 2)).await), "CONVERSATION_NOT_FOUND");
    let own = reports(anna).await;
    assert_eq!(own.iter().map(|r| (r.report_id, r.handled)).collect::<Vec<_>>(), [(first, false)]);
    for (other, chat) in &friends[1..] {
        let seq = boris.try_send(*chat, text("buy my tea")).await.expect("still open").seq;
        report(other, 1, message(*chat, seq)).await.expect("reported");
    }
    first
}

/// The operator reads a report of Anna's about Boris, and finds it wrong.
async fn dismissed(world: &World, report: u64, anna: &Person, boris: &Person) {
    let open = world.operator(&["reports"]).await.expect("a list");
    assert_eq!(open.lines().count(), 3);
    let number = report.to_string();
    let shown = world.operator(&["report", &number]).await.expect("a report");
    for part in
        ["\"always the same\"", "(recalled)", "before, ", "\"buy my tea\"", &boris.username, &anna.username]
    {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    let done = world.operator(&["handle", &number, "dismiss", "seen"]).await.expect("handled");
    assert!(done.contains("open again"), "{done}");
    let again = world.operator(&["handle", &number, "uphold"]).await;
    assert!(again.expect_err("once is enough").contains("handled before"));
}

#[tokio::test]
async fn three_reports_close_what_they_are_about_until_an_operator_has_looked() {
    let at_once = |setup: Setup| setup.on_disk().set("safety.close_within_minutes", "0");
    over_all_transports_with(at_once, async |world| {
        let boris = world.person("boris").await;
        let mut friends = Vec::new();
        for name in ["anna", "clara", "dora"] {
            let friend = world.person(name).await;
            let chat = boris.befriend(&friend).await;
            friends.push((friend, chat));
        }
        let mut heard = boris.follow().await;
        let first = reported_by_all(&boris, &friends).await;
        let told = heard.until(|event| {
            account(event, |what| match what {
                What::SanctionsChanged(changed) => Some(changed.sanctions.clone()),
                What::ReportHandled(_) => panic!("that is not theirs to hear"),
                _ => None,
            })
        });
        let told = told.await;
        assert!(told.len() == 1 && told[0].until_reviewed, "{told:?}");
        assert_eq!(told, sanctions(&boris).await);
        let (anna, chat) = &friends[0];
        assert_eq!(reason(boris.try_send(*chat, text("more tea")).await), "RESTRICTED");
        anna.say(*chat, "you may read this").await;

        let mut annas = anna.follow().await;
        dismissed(world, first, anna, &boris).await;
        let handled = annas.until(|event| {
            account(event, |what| match what {
                What::ReportHandled(handled) => Some(handled.report_id),
                _ => None,
            })
        });
        assert_eq!(handled.await, first);
        assert_eq!(reports(anna).await.iter().map(|r| r.handled).collect::<Vec<_>>(), [true]);
        boris.say(*chat, "tea again").await;
        assert!(sanctions(&boris).await.is_empty() && reports(&boris).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_greeting_is_reported_by_whom_it_reached() {
    over_all_transports_with(Setup::on_disk, async |world| {
        let (anna, boris) = (world.person("anna").await, world.person("boris").await);
        let clara = world.person("clara").await;
        anna.befriend(&boris).await;
        anna.befriend(&clara).await;
        let (group, _) = anna.gather("tea", &[&boris, &clara]).await;
        boris.greet(group, &clara, "buy my tea").await;
        let greeting = clara.greeted().await.remove(0).greeting_id;
        let id = report(&clara, 1, Object::GreetingId(greeting)).await.expect("reported");
        assert_eq!(reason(report(&anna, 1, Object::GreetingId(greeting)).await), "GREETING_NOT_FOUND");
        let shown = world.operator(&["report", &id.to_string()]).await.expect("a report");
        for part in ["a greeting", "\"buy my tea\"", &boris.username, &clara.username] {
            assert!(shown.contains(part), "{part} in\n{shown}");
        }
    })
    .await;
}
