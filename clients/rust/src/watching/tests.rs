use super::{Watching, WatchingAll, WatchingOne};
use crate::{
    WatchEvent, WatchMessage,
    proto::{
        Execution, ExecutionFilter, ExecutionStatus, WatchEvent as Event, WatchExecutionRequest,
        WatchExecutionResponse, WatchExecutionsRequest, WatchExecutionsResponse,
    },
};

fn one(revision: i64, event: Event, status: ExecutionStatus) -> WatchExecutionResponse {
    let execution = Execution { status: status.into(), ..Default::default() };
    WatchExecutionResponse { revision, event: event.into(), execution: Some(execution), change: None }
}

fn all(id: &str, revision: i64, event: Event, status: ExecutionStatus) -> WatchExecutionsResponse {
    let execution = Execution { status: status.into(), ..Default::default() };
    WatchExecutionsResponse {
        id: id.into(),
        revision,
        event: event.into(),
        execution: Some(execution),
        change: None,
    }
}

fn bookmark() -> WatchExecutionsResponse {
    WatchExecutionsResponse { event: Event::Bookmark.into(), ..Default::default() }
}

fn told(messages: &[WatchMessage]) -> Vec<(&str, i64, WatchEvent)> {
    messages.iter().map(|message| (message.id.as_str(), message.revision, message.event)).collect()
}

#[test]
fn a_watch_is_resumed_after_the_last_revision_and_tells_nothing_twice() {
    let mut watching = WatchingOne::new(WatchExecutionRequest { id: "a".into(), ..Default::default() });
    assert_eq!(watching.request().after_revision, None);
    let first = watching.take(one(1, Event::Snapshot, ExecutionStatus::Pending));
    assert_eq!(told(&first), [("a", 1, WatchEvent::Snapshot)]);
    assert_eq!(watching.request().after_revision, Some(1));
    assert!(watching.take(one(1, Event::Snapshot, ExecutionStatus::Pending)).is_empty());
    assert_eq!(watching.take(one(2, Event::StatusChanged, ExecutionStatus::Running)).len(), 1);
    assert!(!watching.ended(), "what is known to be active was cut off");
    assert_eq!(watching.take(one(3, Event::StatusChanged, ExecutionStatus::Completed)).len(), 1);
    assert!(watching.ended());
}

#[test]
fn a_bookmark_is_not_told_and_moves_the_cursor() {
    let mut watching = WatchingOne::new(WatchExecutionRequest { id: "a".into(), ..Default::default() });
    let bookmark =
        WatchExecutionResponse { revision: 7, event: Event::Bookmark.into(), ..Default::default() };
    assert!(watching.take(bookmark).is_empty());
    assert_eq!(watching.request().after_revision, Some(7));
}

#[test]
fn a_watch_that_follows_never_ends_by_itself() {
    let request = WatchExecutionRequest { id: "a".into(), follow: true, ..Default::default() };
    let mut watching = WatchingOne::new(request);
    watching.take(one(3, Event::StatusChanged, ExecutionStatus::Completed));
    assert!(!watching.ended());
}

#[test]
fn a_new_snapshot_tells_what_changed_and_what_is_missing() {
    let mut watching = WatchingAll::new(WatchExecutionsRequest { filter: None, snapshot: true });
    assert!(watching.request().snapshot);
    for id in ["same", "changed", "gone"] {
        watching.take(all(id, 1, Event::Snapshot, ExecutionStatus::Pending));
    }
    assert_eq!(told(&watching.take(bookmark())), [("", 0, WatchEvent::Bookmark)]);
    assert!(watching.take(bookmark()).is_empty(), "only the end of a snapshot is told");

    assert!(watching.request().snapshot);
    assert!(watching.take(all("same", 1, Event::Snapshot, ExecutionStatus::Pending)).is_empty());
    let changed = watching.take(all("changed", 2, Event::Snapshot, ExecutionStatus::Running));
    assert_eq!(told(&changed), [("changed", 2, WatchEvent::Snapshot)]);
    let end = watching.take(bookmark());
    assert_eq!(told(&end), [("gone", 1, WatchEvent::Missing), ("", 0, WatchEvent::Bookmark)]);
}

#[test]
fn what_left_the_filter_is_not_missed_later() {
    let filter = ExecutionFilter { statuses: vec![ExecutionStatus::Running.into()], ..Default::default() };
    let mut watching = WatchingAll::new(WatchExecutionsRequest { filter: Some(filter), snapshot: false });
    assert!(!watching.request().snapshot);
    watching.take(all("a", 1, Event::StatusChanged, ExecutionStatus::Running));
    assert_eq!(watching.take(all("a", 2, Event::StatusChanged, ExecutionStatus::Completed)).len(), 1);
    assert!(watching.request().snapshot, "from the second time on");
    assert_eq!(told(&watching.take(bookmark())), [("", 0, WatchEvent::Bookmark)]);
}

#[test]
fn what_was_deleted_is_told_once() {
    let mut watching = WatchingAll::new(WatchExecutionsRequest { filter: None, snapshot: false });
    watching.request();
    watching.take(all("a", 1, Event::Updated, ExecutionStatus::Running));
    let deleted = watching.take(all("a", 1, Event::Deleted, ExecutionStatus::Running));
    assert_eq!(told(&deleted), [("a", 1, WatchEvent::Deleted)]);
    watching.request();
    assert_eq!(watching.take(bookmark()).len(), 1, "the bookmark alone");
}
