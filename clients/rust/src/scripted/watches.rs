use std::time::Duration;

use tonic::Status;

use super::Scripted;
use crate::{
    Answers, ExecutionClient, Problem, WatchMessage,
    proto::{Execution, ExecutionStatus, WatchEvent, WatchExecutionResponse},
};

fn told(revision: i64, status: ExecutionStatus) -> Result<WatchExecutionResponse, Status> {
    let execution = Execution { status: status.into(), ..Default::default() };
    let event = WatchEvent::StatusChanged.into();
    Ok(WatchExecutionResponse { revision, event, execution: Some(execution), change: None })
}

async fn revisions(mut watch: Answers<WatchMessage>) -> Result<Vec<i64>, Problem> {
    let mut revisions = Vec::new();
    while let Some(message) = watch.try_next().await? {
        revisions.push(message.revision);
    }
    Ok(revisions)
}

#[tokio::test]
async fn a_watch_goes_on_after_whatever_breaks_it() {
    let server = Scripted::start().await;
    server.state().watches = [
        vec![told(1, ExecutionStatus::Pending), Err(Status::unavailable("draining"))],
        vec![
            told(1, ExecutionStatus::Pending),
            told(2, ExecutionStatus::Running),
            Err(Status::internal("reset")),
        ],
        vec![], // It ends well, and too early.
        vec![told(3, ExecutionStatus::Completed)],
    ]
    .into();
    let client = ExecutionClient::new(server.target()).unwrap();
    assert_eq!(revisions(client.watch("a").stream()).await.unwrap(), [1, 2, 3]);
    assert_eq!(server.asked(), ["None", "Some(1)", "Some(2)", "Some(2)"]);
}

#[tokio::test]
async fn a_watch_that_hears_nothing_takes_its_stream_for_lost() {
    let server = Scripted::start().await;
    let silence = Duration::from_millis(500);
    let client = ExecutionClient::builder(server.target()).watch_silence(silence).build().unwrap();
    let watch = tokio::spawn(revisions(client.watch("a").stream()));
    // The first stream is silent, and what the test gives comes with a later one.
    while server.asked().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.state().watches.push_back(vec![told(4, ExecutionStatus::Failed)]);
    assert_eq!(watch.await.unwrap().unwrap(), [4]);
    assert!(server.asked().len() > 1);
}

#[tokio::test]
async fn a_watch_ends_with_what_does_not_pass() {
    let server = Scripted::start().await;
    server.state().refusals = [Status::not_found("There is no such execution.")].into();
    let client = ExecutionClient::new(server.target()).unwrap();
    let mut watch = client.watch("a").stream();
    assert!(matches!(watch.try_next().await, Err(Problem::Other { .. })));
    assert!(matches!(watch.try_next().await, Ok(None)));
    assert_eq!(server.asked().len(), 1);
}
