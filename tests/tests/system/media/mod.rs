//! Media from outside: uploads over every transport and by plain HTTP, downloads, who may fetch what, pictures of
//! people.

mod avatars;
mod downloads;
mod pictures;
mod room;
mod uploads;

use bytes::Bytes;
use teahouse_proto::media::{
    CreateUploadRequest, FinishUploadRequest, GetQuotaRequest, GetQuotaResponse, GetUploadRequest, Media,
    MediaKind, PutChunkRequest, Upload,
};
use teahouse_tests::http::{Answer, request};
use teahouse_tests::person::Person;
use teahouse_tests::world::World;

/// The longest chunk.
const CHUNK: usize = 256 * 1024;

/// An upload to be begun. The client id is made of the size and `number`.
fn file(size: usize, number: u8) -> CreateUploadRequest {
    let mut client_id = vec![number; 16];
    client_id[..8].copy_from_slice(&(size as u64).to_be_bytes());
    CreateUploadRequest {
        client_message_id: client_id.into(),
        kind: MediaKind::File.into(),
        size: size as u64,
        file_name: "tea time.txt".to_owned(),
        sha256: Bytes::new(),
    }
}

async fn begin(who: &Person, request: CreateUploadRequest) -> String {
    who.media().create_upload(request).await.expect("begun").upload.expect("an upload").upload_id
}

async fn put_chunk(
    who: &Person,
    id: &str,
    offset: usize,
    data: &[u8],
) -> Result<u64, teahouse_client::Error> {
    let data = Bytes::copy_from_slice(data);
    let chunk = PutChunkRequest { upload_id: id.to_owned(), offset: offset as u64, data };
    who.media().put_chunk(chunk).await.map(|answer| answer.offset)
}

async fn how_far(who: &Person, id: &str) -> Upload {
    let request = GetUploadRequest { upload_id: id.to_owned() };
    who.media().get_upload(request).await.expect("there").upload.expect("an upload")
}

async fn finish(who: &Person, id: &str) -> Result<Media, teahouse_client::Error> {
    let request = FinishUploadRequest { upload_id: id.to_owned() };
    who.media().finish_upload(request).await.map(|answer| answer.media.expect("a medium"))
}

async fn upload(who: &Person, request: CreateUploadRequest, content: &[u8]) -> Media {
    let id = begin(who, request).await;
    for (i, chunk) in content.chunks(CHUNK).enumerate() {
        put_chunk(who, &id, i * CHUNK, chunk).await.expect("taken");
    }
    finish(who, &id).await.expect("finished")
}

async fn quota(who: &Person) -> GetQuotaResponse {
    who.media().get_quota(GetQuotaRequest {}).await.expect("told")
}

/// A request of plain HTTP by somebody.
async fn http(world: &World, who: &Person, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let token = format!("Bearer {}", who.token());
    let mut all = vec![("Authorization", &*token)];
    all.extend(headers);
    request(&world.url(), line, &all, body).await
}

/// Bytes of which each place has its own.
fn content(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0] ^ seed).collect()
}
