use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::Scripted;
use crate::{ExecutionClient, ExecutionStatus, Problem};

fn refusal(code: Code, reason: &str, metadata: &[(&str, &str)]) -> Status {
    let metadata: HashMap<_, _> =
        metadata.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
    let mut details = ErrorDetails::new();
    details.set_error_info(reason, "execution.croco.dev", metadata);
    details.add_bad_request_violation("type", "is missing");
    details.set_retry_info(Some(Duration::from_secs(3)));
    Status::with_error_details(code, "A sentence.", details)
}

#[tokio::test]
async fn what_passes_is_repeated_with_the_same_request_id() {
    let server = Scripted::start().await;
    server.state().refusals = [Status::unavailable("restarting"), Status::cancelled("stopping")].into();
    let client = ExecutionClient::new(server.target()).unwrap();
    client.create("a").await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|id| *id == asked[0] && id.len() == 36), "{asked:?}");
    client.create("a").request_id("mine").await.unwrap();
    assert_eq!(server.asked()[3], "mine");
}

#[tokio::test]
async fn what_does_not_pass_is_told_after_five_tries() {
    let server = Scripted::start().await;
    server.state().refusals = vec![Status::unavailable("down"); 9].into();
    let client = ExecutionClient::builder(server.target()).deadline(Duration::from_secs(60)).build().unwrap();
    let problem = client.create("a").await.unwrap_err();
    assert!(matches!(problem, Problem::Unavailable { .. }), "{problem:?}");
    assert_eq!(server.asked().len(), 5);
}

#[tokio::test]
async fn a_deadline_may_be_as_long_as_there_are() {
    let server = Scripted::start().await;
    let client = ExecutionClient::builder(server.target()).deadline(Duration::MAX).build().unwrap();
    client.create("a").await.unwrap();
    client.create("a").deadline(Duration::MAX).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_claim_is_never_repeated() {
    let server = Scripted::start().await;
    server.state().refusals = vec![Status::unavailable("down"); 9].into();
    let client = ExecutionClient::new(server.target()).unwrap();
    assert!(client.claim("worker", ["a"]).await.is_err());
    assert_eq!(server.asked(), ["claim"]);
}

#[tokio::test]
async fn a_refusal_is_the_variant_of_its_reason_with_all_that_was_said() {
    let server = Scripted::start().await;
    let metadata =
        [("executionId", "x"), ("from", "completed"), ("to", "running"), ("allowed", "failed, unheard_of")];
    let state = refusal(Code::FailedPrecondition, "INVALID_STATE_TRANSITION", &metadata);
    let unheard_of = refusal(Code::Aborted, "UNHEARD_OF", &[("key", "value")]);
    server.state().refusals = [state, unheard_of].into();
    let client = ExecutionClient::new(server.target()).unwrap();

    let problem = client.create("a").await.unwrap_err();
    let Problem::InvalidStateTransition { execution_id, from, allowed, details, .. } = problem else {
        panic!("{problem:?}");
    };
    assert_eq!((execution_id.as_str(), from), ("x", ExecutionStatus::Completed));
    assert_eq!(allowed, [ExecutionStatus::Failed, ExecutionStatus::Unknown]);
    assert_eq!(details.field_violations[0].field, "type");
    assert_eq!(details.retry_delay, Some(Duration::from_secs(3)));

    let problem = client.create("a").await.unwrap_err();
    assert!(matches!(problem, Problem::Other { .. }));
    assert_eq!((problem.code(), problem.reason()), (Code::Aborted, "UNHEARD_OF"));
    assert_eq!(problem.metadata()["key"], "value");
}

#[tokio::test]
async fn a_call_that_is_not_answered_ends_at_its_deadline() {
    let server = Scripted::start().await;
    let client = ExecutionClient::new(server.target()).unwrap();
    let problem = client.get("a").deadline(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(problem, Problem::DeadlineExceeded { .. }), "{problem:?}");
}

#[tokio::test]
async fn a_token_goes_with_every_call_and_what_cannot_be_sent_is_not() {
    let server = Scripted::start().await;
    let client = ExecutionClient::builder(server.target()).token("secret").build().unwrap();
    client.create("a").await.unwrap();
    assert_eq!(server.said("authorization"), [Some("Bearer secret".to_owned())]);
    let problem = client.create("a").payload([f64::NAN]).await.unwrap_err();
    assert!(matches!(problem, Problem::InvalidArgument { .. }));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_wait_goes_on_over_what_passes() {
    let server = Scripted::start().await;
    server.state().refusals = vec![Status::unavailable("down"); 6].into();
    let client = ExecutionClient::new(server.target()).unwrap();
    client.wait("a").await.unwrap();
    assert_eq!(server.asked().len(), 7);
}
