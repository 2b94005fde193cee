//! Pictures that are composed.

use super::*;
use crate::features::media::format::Thumbnail;
use crate::store::Order;
use crate::store::key::KeyRange;
use std::path::Path;

impl World {
    async fn picture(&self, id: ConversationId) -> String {
        self.group(ANNA, id).await.unwrap().summary.unwrap().picture
    }

    async fn due(&self) -> usize {
        let rows = self.foundation.store.scan(&tables::REPAINT, &KeyRange::all(), 99, Order::Rising).await;
        rows.unwrap().len()
    }
}

#[tokio::test]
async fn a_group_without_a_picture_gets_one_of_its_members() {
    let mut world = World::new(6).await;
    let id = world.group_of(4).await;
    assert_eq!((world.picture(id).await, world.due().await), (String::new(), 1));
    world.groups.paint(START + minutes(1)).await.unwrap();
    let first = world.picture(id).await;
    let bytes = world.media.read_public(&first).await.unwrap().expect("a picture");
    let image = image::load_from_memory(&bytes).unwrap();
    assert_eq!(image.width(), image.height());
    assert_eq!(world.notices(BORIS, id).await.len(), 1, "nobody is told");

    world.befriend_all(ANNA, [5, 6]).await;
    for who in [5, 6] {
        world.invite(ANNA, id, &[who]).await.unwrap();
    }
    assert_eq!(world.due().await, 1, "coalesced");
    world.groups.paint(START + minutes(2) - Duration::from_millis(1)).await.unwrap();
    assert_eq!(world.picture(id).await, first, "not twice in a minute");
    world.groups.paint(START + minutes(2)).await.unwrap();
    let second = world.picture(id).await;
    assert_ne!(first, second);
    assert_eq!(world.media.read_public(&first).await.unwrap(), None, "the old one is gone");

    world.now = START + minutes(5);
    world.set_admin(id, BORIS, true).await.unwrap();
    world.set_admin(id, BORIS, false).await.unwrap();
    world.groups.paint(START + minutes(6)).await.unwrap();
    assert_eq!((world.picture(id).await, world.due().await), (second, 0), "of the same people");
}

#[tokio::test]
async fn what_somebody_gave_it_stays() {
    use crate::features::media::fixture::uploaded;
    use teahouse_proto::media::MediaKind;
    let mut world = World::new(4).await;
    let id = world.group_of(3).await;
    let upload =
        world.foundation.store.transact(|tx| uploaded(tx, ANNA, MediaKind::Avatar, 1)).await.unwrap();
    let update = async |world: &World, picture: String| {
        let request = UpdateGroupRequest {
            conversation_id: id.0,
            picture_media_id: Some(picture),
            ..Default::default()
        };
        world.groups.update_group(&world.cx(ANNA), request).await.unwrap();
    };
    update(&world, upload.to_string()).await;
    let own = world.picture(id).await;
    world.groups.paint(START + minutes(1)).await.unwrap();
    world.remove(ANNA, id, &[BORIS]).await.unwrap();
    world.now = START + minutes(2);
    world.groups.paint(world.now).await.unwrap();
    assert_eq!((world.picture(id).await, world.due().await), (own, 0));
    update(&world, String::new()).await;
    assert_eq!(world.picture(id).await, "");
    world.groups.paint(START + minutes(4)).await.unwrap();
    assert_ne!(world.picture(id).await, "");
}

#[tokio::test]
async fn a_group_that_is_over_is_not_painted() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    world.dissolve(ANNA, id).await.unwrap();
    world.groups.paint(START + minutes(1)).await.unwrap();
    assert_eq!((world.picture(id).await, world.due().await), (String::new(), 0));
}

#[tokio::test]
async fn what_cannot_be_stored_is_tried_again() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    let (home, away) = (world._dir.path().to_owned(), world._dir.path().with_extension("away"));
    std::fs::rename(&home, &away).unwrap();
    // Where the folder was lies a file.
    std::fs::write(&home, b"").unwrap();
    world.groups.paint(START + minutes(1)).await.unwrap();
    assert_eq!((world.picture(id).await, world.due().await), (String::new(), 1));
    std::fs::remove_file(&home).unwrap();
    std::fs::rename(&away, &home).unwrap();
    world.groups.paint(START + minutes(2) - Duration::from_millis(1)).await.unwrap();
    assert_eq!(world.picture(id).await, "", "not twice in a minute");
    world.groups.paint(START + minutes(2)).await.unwrap();
    assert_ne!(world.picture(id).await, "");
    assert_eq!(world.due().await, 0);
}

fn files(dir: &Path) -> usize {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let each = entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 });
    each.sum()
}

#[tokio::test]
async fn what_is_not_wanted_any_more_leaves_no_file() {
    let world = World::new(3).await;
    let id = world.group_of(3).await;
    let due = world.foundation.store.scan(&tables::REPAINT, &KeyRange::all(), 1, Order::Rising).await;
    let due = due.unwrap()[0].0;
    world.dissolve(ANNA, id).await.unwrap();
    let before = files(world._dir.path());
    let made = Thumbnail { bytes: b"a picture".to_vec(), content_type: "image/jpeg" };
    world.groups.hang(due, made, 1, world.now).await.unwrap();
    world.media.collect(world.now).await.unwrap();
    assert_eq!((world.picture(id).await, world.due().await), (String::new(), 0));
    assert_eq!(files(world._dir.path()), before);
}
