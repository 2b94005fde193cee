//! What gives room back of the quota in all, and what does not.

use super::*;
use teahouse_client::Transport;
use teahouse_proto::chat::{
    ClearHistoryRequest, DeleteForMeRequest, File, RecallMessageRequest, send_message_request,
};
use teahouse_proto::favourites::{AddFavouritesRequest, DeleteFavouritesRequest};
use teahouse_proto::media::CancelUploadRequest;
use teahouse_tests::world::Setup;

#[tokio::test]
async fn room_comes_back_when_the_last_of_it_goes() {
    let world = World::start(Setup::over(Transport::Grpc)).await;
    let (anna, boris) = (world.person("anna").await, world.person("boris").await);
    let chat = anna.befriend(&boris).await;
    let held = async || quota(&anna).await.total_used;
    let say = async |upload: &Media| {
        let media = Some(upload.clone());
        anna.say_any(chat, send_message_request::Content::File(File { media })).await
    };
    let recall = async |seq| {
        let request = RecallMessageRequest { conversation_id: chat, seq };
        anna.chat().recall_message(request).await.expect("recalled");
    };
    let upload_id = begin(&anna, file(4, 1)).await;
    put_chunk(&anna, &upload_id, 0, b"leaf").await.unwrap();
    let leaf = finish(&anna, &upload_id).await.unwrap();
    let seq = say(&leaf).await;
    anna.media().cancel_upload(CancelUploadRequest { upload_id }).await.unwrap();
    assert_eq!(held().await, 4, "it was sent");

    // What she keeps of it herself, and what others keep.
    let keep = |number: u8| AddFavouritesRequest {
        client_message_id: vec![number; 16].into(),
        conversation_id: chat,
        seqs: vec![seq],
    };
    let favourite_ids = anna.favourites().add_favourites(keep(1)).await.expect("kept").favourite_ids;
    boris.favourites().add_favourites(keep(2)).await.expect("kept");
    let forwarded = anna.forward(chat, &[seq], chat, false).await;
    recall(seq).await;
    assert_eq!(held().await, 4, "taken back, but kept and forwarded");
    anna.favourites().delete_favourites(DeleteFavouritesRequest { favourite_ids }).await.expect("removed");
    assert_eq!(held().await, 4, "forwarded");
    recall(forwarded[0]).await;
    assert_eq!(held().await, 0, "what Boris keeps counts for nobody");

    let upload_id = begin(&anna, file(4, 2)).await;
    put_chunk(&anna, &upload_id, 0, b"root").await.unwrap();
    let root = finish(&anna, &upload_id).await.unwrap();
    let (one, other) = (say(&root).await, say(&root).await);
    anna.media().cancel_upload(CancelUploadRequest { upload_id }).await.unwrap();
    let delete = DeleteForMeRequest { conversation_id: chat, seqs: vec![one] };
    anna.chat().delete_for_me(delete).await.expect("deleted");
    let clear = ClearHistoryRequest { conversation_id: chat, and_hide: true };
    anna.chat().clear_history(clear).await.expect("cleared");
    assert_eq!(held().await, 4, "Boris has both still, {one} and {other}");
}
