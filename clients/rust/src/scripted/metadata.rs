use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::timeout;
use tonic::Status;

use super::{DEADLINE, Scripted};
use crate::{
    ClientBuilder, ExecutionClient, Problem, Worker, WorkerBuilder,
    proto::{Execution, ExecutionStatus, WatchEvent, WatchExecutionResponse},
};

/// Answers another trace each time that it is asked.
fn traces() -> impl Fn() -> [(&'static str, String); 1] + Send + Sync + 'static {
    let asked = AtomicU32::new(0);
    move || [("traceparent", (asked.fetch_add(1, Ordering::Relaxed) + 1).to_string())]
}

fn client(server: &Scripted) -> ClientBuilder {
    ExecutionClient::builder(server.target()).token("secret")
}

fn worker(server: &Scripted) -> WorkerBuilder {
    Worker::builder(server.target()).task("a", async |_| Ok(()))
}

fn numbers(end: u32) -> Vec<Option<String>> {
    (1..=end).map(|number| Some(number.to_string())).collect()
}

#[tokio::test]
async fn a_call_and_its_repeat_are_each_asked_for() {
    let server = Scripted::start().await;
    server.state().refusals = [Status::unavailable("restarting")].into();
    let client = client(&server).metadata(traces()).build().unwrap();
    client.create("a").await.unwrap();
    client.wait("a").await.unwrap();
    assert_eq!(server.said("traceparent"), numbers(3));
    assert_eq!(server.said("authorization"), vec![Some("Bearer secret".to_owned()); 3]);
}

#[tokio::test]
async fn every_stream_of_a_watch_is_asked_for() {
    let server = Scripted::start().await;
    let execution = Execution { status: ExecutionStatus::Completed.into(), ..Default::default() };
    let event = WatchEvent::StatusChanged.into();
    let end = WatchExecutionResponse { revision: 1, event, execution: Some(execution), change: None };
    server.state().watches = [vec![Err(Status::unavailable("draining"))], vec![Ok(end)]].into();
    let client = client(&server).metadata(traces()).build().unwrap();
    assert!(client.watch("a").stream().try_next().await.unwrap().is_some());
    assert_eq!(server.said("traceparent"), numbers(2));
}

#[tokio::test]
async fn every_stream_of_a_worker_is_asked_for() {
    let mut server = Scripted::start().await;
    let worker = worker(&server).metadata(traces()).build().unwrap();
    let running = tokio::spawn(async move { worker.run().await });
    drop(server.session().await);
    server.session().await;
    assert_eq!(server.said("traceparent"), numbers(2));
    running.abort();
}

#[tokio::test]
async fn what_cannot_be_sent_is_an_error_of_whoever_calls_and_nothing_is_sent() {
    let server = Scripted::start().await;
    let mine = || [("Authorization", "mine")];
    let client = client(&server).metadata(mine).build().unwrap();
    let worker = worker(&server).metadata(mine).build().unwrap();
    let problems = [
        client.create("a").await.unwrap_err(),
        client.watch("a").stream().try_next().await.unwrap_err(),
        timeout(DEADLINE, worker.run()).await.expect("it ends").unwrap_err(),
    ];
    for problem in problems {
        assert!(matches!(problem, Problem::InvalidArgument { .. }), "{problem:?}");
        assert!(problem.to_string().contains("\"Authorization\""), "{problem}");
    }
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_panic_is_one_of_whoever_works() {
    let server = Scripted::start().await;
    let broken = || -> [(&str, &str); 0] { panic!("no trace") };
    let worker = worker(&server).metadata(broken).build().unwrap();
    let running = tokio::spawn(async move { worker.run().await });
    let error = timeout(DEADLINE, running).await.expect("it ends").unwrap_err();
    assert_eq!(error.into_panic().downcast_ref(), Some(&"no trace"));
}
