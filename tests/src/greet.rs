//! What strangers do, as verbs of their devices; see `verbs`.

use crate::device::Device;
use crate::person::Person;
use crate::verbs::granted;
use bytes::Bytes;
use teahouse_client::Error;
use teahouse_proto::GreetingsClient;
use teahouse_proto::common::StrangerCard;
use teahouse_proto::greetings::{
    Greeting, ListGreetingsRequest, ListTemporaryChatsRequest, MeetMemberRequest, ReplyToGreetingRequest,
    SendGreetingRequest, TemporaryChat,
};

impl Device {
    /// Calls of `GreetingsService`.
    pub fn greetings(&self) -> GreetingsClient<Self> {
        GreetingsClient(self.clone())
    }

    /// The card of a fellow member of a group.
    pub async fn meet(&self, group: u64, who: &Person) -> StrangerCard {
        let request = MeetMemberRequest { conversation_id: group, account_id: who.account_id };
        granted("meet a member", self.greetings().meet_member(request).await).card.expect("a card")
    }

    /// Greets whoever a handle stands for.
    pub async fn try_greet(&self, handle: Bytes, text: &str) -> Result<(), Error> {
        let client_greeting_id = self.shared().random.bytes::<16>().to_vec().into();
        let request = SendGreetingRequest { client_greeting_id, handle, text: text.to_owned() };
        self.greetings().send_greeting(request).await.map(drop)
    }

    /// Greets a fellow member of a group.
    pub async fn greet(&self, group: u64, who: &Person, text: &str) {
        let handle = self.meet(group, who).await.handle;
        granted("greet", self.try_greet(handle, text).await);
    }

    /// The greetings box.
    pub async fn greeted(&self) -> Vec<Greeting> {
        let answer = self.greetings().list_greetings(ListGreetingsRequest::default()).await;
        granted("list greetings", answer).greetings
    }

    /// Replies to a greeting; gives the temporary chat.
    pub async fn reply_to_greeting(&self, greeting_id: u64, text: &str) -> TemporaryChat {
        let client_message_id = self.shared().random.bytes::<16>().to_vec().into();
        let request = ReplyToGreetingRequest { greeting_id, client_message_id, text: text.to_owned() };
        let answer = self.greetings().reply_to_greeting(request).await;
        granted("reply to a greeting", answer).chat.expect("a chat")
    }

    /// Temporary chats.
    pub async fn temporary_chats(&self) -> Vec<TemporaryChat> {
        let answer = self.greetings().list_temporary_chats(ListTemporaryChatsRequest::default()).await;
        granted("list temporary chats", answer).chats
    }
}
