//! Registers the people of a recorder and makes them friends.

use super::sender::Sender;
use teahouse_client::{Connection, Transport};
use teahouse_proto::accounts::{Account, LoginRequest, RegisterRequest, UpdateSettingsRequest};
use teahouse_proto::contacts::{SearchRequest, SendRequestRequest};
use teahouse_proto::{AccountsClient, ContactsClient};

/// Whoever takes part has this password.
const PASSWORD: &str = "correct horse 1";

/// A pair of friends, who share a conversation.
pub(super) async fn befriend(server: &str, pair: usize, seed: u64) -> [Sender; 2] {
    let (first, second) = (register(server, 2 * pair).await, register(server, 2 * pair + 1).await);
    let open = UpdateSettingsRequest { friends_must_request: Some(false), ..Default::default() };
    AccountsClient(second.connection).update_settings(open).await.expect("a switch is changed");
    let contacts = ContactsClient(first.connection);
    let search = SearchRequest { username: second.account.username.clone() };
    let ticket = contacts.search(search).await.expect("a person is found").ticket;
    let asked = contacts.send_request(SendRequestRequest { ticket, text: String::new() }).await;
    let friend = asked.expect("a request is sent").friend.expect("they are friends at once");
    [(2 * pair, &first.account, first.token), (2 * pair + 1, &second.account, second.token)].map(
        |(place, account, token)| {
            let conversations = [friend.conversation_id, account.self_conversation_id];
            Sender::new(place, account.account_id, token, conversations, seed)
        },
    )
}

/// A new token for somebody who was registered.
pub(super) async fn sign_in(server: &str, place: usize) -> teahouse_client::Result<String> {
    let connection = Connection::open(server, Transport::Ws).await?;
    let request = LoginRequest { username: username(place), password: PASSWORD.to_owned(), device: None };
    Ok(AccountsClient(connection).login(request).await?.token)
}

fn username(place: usize) -> String {
    format!("sender{place}")
}

struct Registered {
    connection: Connection,
    account: Account,
    token: String,
}

async fn register(server: &str, place: usize) -> Registered {
    let connection = Connection::open(server, Transport::Ws).await.expect("the server takes connections");
    let request = RegisterRequest {
        username: username(place),
        password: PASSWORD.to_owned(),
        display_name: format!("Sender {place}"),
        ..Default::default()
    };
    let answer = AccountsClient(connection.clone()).register(request).await.expect("a person is registered");
    connection.sign_in(&answer.token).await.expect("a new token is good");
    Registered { connection, account: answer.account.expect("an answer holds it"), token: answer.token }
}
