//! Many senders at once, and readers who are connected, come and go, or ask now and then: everybody sees every message
//! once, in one order, without a hole.

use futures::future::join_all;
use std::collections::BTreeMap;
use teahouse_client::{Error, Transport};
use teahouse_tests::device::Device;
use teahouse_tests::mirror::{Copy, Mirror};
use teahouse_tests::person::Person;
use teahouse_tests::verbs::{message, text};
use teahouse_tests::world::{Setup, World};

/// Devices that send into one conversation, of each of its two members.
const DEVICES: usize = 10;
/// People who write to one person.
const FRIENDS: usize = 20;
/// Messages of each sender.
const MESSAGES: usize = 25;
/// After how many events the coming and going reader loses its connection.
const STAY: usize = 7;

/// What a sender was told: number and line of each message.
type Acknowledged = Vec<(u64, String)>;

/// Sends all messages of one sender, several under way at once.
async fn send_all(device: &Device, name: &str, chat: u64, sender: u8) -> Acknowledged {
    let sends = (0..MESSAGES).map(|n| async move {
        let says = format!("message {n} of sender {sender}");
        let mut id = [sender; 16];
        id[15] = u8::try_from(n + 1).expect("few messages");
        let sent = device.chat().send_message(message(chat, id, text(&says))).await.expect("sent");
        (sent.seq, format!("{} {name}: {says}", sent.seq))
    });
    join_all(sends).await
}

/// Reads on until it has all, losing its connection every so often where it is told to.
async fn read_until(
    mut mirror: Mirror,
    ends: BTreeMap<u64, u64>,
    comes_and_goes: bool,
) -> Result<Mirror, Error> {
    let mut events = 0;
    let has_all =
        |m: &Mirror| ends.iter().all(|(id, end)| m.copy(*id).is_some_and(|copy| copy.head() >= *end));
    while !has_all(&mirror) {
        mirror.step().await?;
        events += 1;
        // Catching up is not cut short every time, or it would begin anew for ever.
        if comes_and_goes && events >= STAY && mirror.is_caught_up() {
            events = 0;
            mirror.vanish().await;
        }
    }
    Ok(mirror)
}

/// Asks for what is new until it has all, without following.
async fn poll_until(device: Device, ends: BTreeMap<u64, u64>) -> BTreeMap<u64, Vec<String>> {
    let mut read = BTreeMap::new();
    for (chat, end) in ends {
        let mut lines = Vec::new();
        while (lines.len() as u64) < end {
            lines = device.history(chat).await;
        }
        read.insert(chat, lines);
    }
    read
}

fn check(mirror: &Mirror, who: &str, expected: &BTreeMap<u64, Vec<String>>) {
    assert!(mirror.violations().is_empty(), "{who}: {:#?}", mirror.violations());
    for (chat, lines) in expected {
        let copy = Copy { first_seq_after: 0, lines: lines.clone() };
        assert_eq!(mirror.copy(*chat), Some(&copy), "{who}");
    }
}

fn in_order(acknowledged: Vec<Acknowledged>) -> Vec<String> {
    let mut all: Acknowledged = acknowledged.into_iter().flatten().collect();
    all.sort();
    let seqs: Vec<u64> = all.iter().map(|(seq, _)| *seq).collect();
    let expected: Vec<u64> = (2..=all.len() as u64 + 1).collect();
    assert_eq!(seqs, expected, "numbers have no gaps and are given once, after the notice");
    let notice = std::iter::once("1 — friends".to_owned());
    notice.chain(all.into_iter().map(|(_, line)| line)).collect()
}

async fn devices(person: &Person, count: usize) -> Vec<Device> {
    let mut devices = Vec::new();
    for n in 0..count {
        devices.push(person.sign_in(&format!("device {n}")).await);
    }
    devices
}

/// Twenty devices of two people write into one conversation.
async fn one_conversation(transport: Transport) {
    let mut world = World::start(Setup::over(transport).on_disk()).await;
    let [anna, boris] = [world.person("anna").await, world.person("boris").await];
    let chat = anna.befriend(&boris).await;
    let ends = BTreeMap::from([(chat, (2 * DEVICES * MESSAGES) as u64 + 1)]);
    let live = tokio::spawn(read_until(Mirror::new(boris.sign_in("live").await), ends.clone(), false));
    let restless = tokio::spawn(read_until(Mirror::new(boris.sign_in("restless").await), ends.clone(), true));
    let other = tokio::spawn(read_until(Mirror::new(anna.sign_in("live").await), ends.clone(), false));
    let polling = tokio::spawn(poll_until(boris.sign_in("polling").await, ends));

    let (of_anna, of_boris) = (devices(&anna, DEVICES).await, devices(&boris, DEVICES).await);
    let senders = of_anna.iter().map(|d| (d, "anna")).chain(of_boris.iter().map(|d| (d, "boris")));
    let sends = senders.zip(1..).map(|((device, name), n)| send_all(device, name, chat, n));
    let expected = BTreeMap::from([(chat, in_order(join_all(sends).await))]);

    for (who, reader) in [("live", live), ("restless", restless), ("the other side", other)] {
        check(&reader.await.expect("it ran").expect("it read"), who, &expected);
    }
    assert_eq!(polling.await.expect("it read"), expected);
    let written_by_other = (DEVICES * MESSAGES) as u64;
    let before_last_own = |name: &str| {
        let own = |line: &&String| line.contains(&format!(" {name}: "));
        expected[&chat].iter().rev().take_while(|line| !own(line)).count() as u64
    };
    for (person, name) in [(&anna, "anna"), (&boris, "boris")] {
        let unread = person.unread(chat).await;
        assert!(unread <= written_by_other);
        assert_eq!(unread, before_last_own(name), "who writes has read what is before");
    }
    world.go_down().await;
}

/// Twenty friends write to one person, who is connected, comes and goes, and polls.
async fn one_receiver(transport: Transport) {
    let mut world = World::start(Setup::over(transport).on_disk()).await;
    let anna = world.person("anna").await;
    let mut friends = Vec::new();
    for n in 0..FRIENDS {
        let friend = world.person(&format!("friend{n}")).await;
        let chat = friend.befriend(&anna).await;
        friends.push((friend, chat));
    }
    let end = MESSAGES as u64 + 1;
    let ends: BTreeMap<u64, u64> = friends.iter().map(|(_, chat)| (*chat, end)).collect();
    let live = tokio::spawn(read_until(Mirror::new(anna.sign_in("live").await), ends.clone(), false));
    let restless = tokio::spawn(read_until(Mirror::new(anna.sign_in("restless").await), ends.clone(), true));
    let polling = tokio::spawn(poll_until(anna.sign_in("polling").await, ends));

    let sends = friends.iter().zip(1..).map(|((friend, chat), n)| async move {
        (*chat, in_order(vec![send_all(friend, &friend.name, *chat, n).await]))
    });
    let expected: BTreeMap<u64, Vec<String>> = join_all(sends).await.into_iter().collect();
    for (who, reader) in [("live", live), ("restless", restless)] {
        check(&reader.await.expect("it ran").expect("it read"), who, &expected);
    }
    assert_eq!(polling.await.expect("it read"), expected);
    for (friend, chat) in &friends {
        assert_eq!(anna.unread(*chat).await, MESSAGES as u64);
        assert_eq!(friend.unread(*chat).await, 0);
        assert_eq!(anna.read(*chat, 11).await.unread, MESSAGES as u64 - 10);
    }
    world.go_down().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_devices_write_into_one_conversation() {
    for transport in Transport::ALL {
        one_conversation(transport).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_friends_write_to_one_person() {
    for transport in Transport::ALL {
        one_receiver(transport).await;
    }
}
