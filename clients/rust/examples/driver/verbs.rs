//! The verbs with one answer.

use croco_execution_client::{
    Call, ClearableField, Execution, ExecutionClient, Failure, Problem, Wait, proto::CreateExecutionRequest,
};
use serde_json::Value;

use crate::{
    arguments::{Arguments, Given},
    plain,
};

pub async fn perform(client: &ExecutionClient, verb: &str, with: &Arguments) -> Result<Value, Problem> {
    let answer = match verb {
        "create" => {
            let answer = creation(client, with).await?;
            return Ok(plain::created(&answer.execution, answer.created));
        }
        "start" => with.guarded(client.start(with.id())).await?,
        "complete" => complete(client, with).await?,
        "fail" => fail(client, with).await?,
        "update" => update(client, with).await?,
        "time_out" => with.fenced(client.time_out(with.id())).await?,
        "update_progress" => {
            let progress = with.progress();
            with.fenced(client.update_progress(with.id(), progress.current, progress.total))
                .given(with.text("message"), Call::message)
                .given(with.number("percent"), Call::percent)
                .await?
        }
        "save_checkpoints" => {
            let checkpoints = with.object("checkpoints").expect("checkpoints");
            with.fenced(client.save_checkpoints(with.id(), checkpoints.pairs()))
                .given(with.object("progress").map(|progress| progress.progress()), Call::progress)
                .await?
        }
        "cancel" => {
            with.guarded(client.cancel(with.id()))
                .given(with.text("reason"), Call::reason)
                .given(with.span("grace_period"), Call::grace_period)
                .await?
        }
        "retry" => {
            with.guarded(client.retry(with.id()))
                .given(with.int("additional_attempts"), Call::additional_attempts)
                .await?
        }
        "release" => with.fenced(client.release(with.id())).given(with.span("delay"), Call::delay).await?,
        _ => return ask(client, verb, with).await,
    };
    Ok(plain::execution(&answer))
}

async fn ask(client: &ExecutionClient, verb: &str, with: &Arguments) -> Result<Value, Problem> {
    let listed = || {
        with.view(client.list_page(with.filter()))
            .given(with.int("page_size"), Call::page_size)
            .given(with.text("page_token"), Call::page_token)
            .given(with.flag("oldest_first").then_some(()), |call, ()| call.oldest_first())
    };
    Ok(match verb {
        "get" => plain::execution(&with.view(client.get(with.id())).await?),
        "get_by_idempotency_key" => {
            let key = with.text("idempotency_key").expect("a key");
            plain::execution(&with.view(client.get_by_idempotency_key(key)).await?)
        }
        "wait" => {
            let wait = client.wait(with.id());
            let wait = wait.given(with.span("timeout"), Wait::timeout).given(with.wanted_view(), Wait::view);
            plain::execution(&wait.await?)
        }
        "list" => {
            let (mut all, mut answers) = (Vec::new(), listed().stream());
            while let Some(execution) = answers.try_next().await? {
                all.push(execution);
            }
            plain::executions(&all)
        }
        "list_page" => {
            let page = listed().await?;
            let mut plain = plain::executions(&page.executions);
            plain["next_page_token"] = page.next_page_token.into();
            plain
        }
        "count" => plain::count(&with.deadline(client.count(with.filter())).await?),
        "server_info" => plain::server_info(&with.deadline(client.server_info()).await?),
        _ => return handle(client, verb, with).await,
    })
}

async fn handle(client: &ExecutionClient, verb: &str, with: &Arguments) -> Result<Value, Problem> {
    Ok(match verb {
        "delete" => {
            let call = with.guarded(client.delete(with.id()));
            call.given(with.flag("force").then_some(()), |call, ()| call.force()).await?;
            Value::Null
        }
        "claim" => {
            let worker = with.text("worker_id").expect("a worker");
            let call = with.deadline(client.claim(worker, with.texts("types").unwrap_or_default()));
            let claimed = call
                .given(with.int("max_executions"), Call::max_executions)
                .given(with.span("lease_duration"), Call::lease_duration)
                .given(with.span("wait"), Call::wait)
                .await?;
            plain::executions(&claimed)
        }
        "heartbeat" => {
            let held =
                with.list("held").into_iter().map(|one| (one.id(), one.int("attempt").expect("an attempt")));
            plain::directives(&with.deadline(client.heartbeat(held)).await?)
        }
        "batch_create" => {
            let requests = with.list("requests");
            let creations = requests.iter().map(|request| creation(client, request));
            plain::batch(&with.view(client.batch_create(creations)).await?)
        }
        "batch_get" => {
            let ids = with.texts("ids").unwrap_or_default();
            plain::batch(&with.view(client.batch_get(ids)).await?)
        }
        _ => panic!("nobody knows how to {verb}"),
    })
}

fn creation(client: &ExecutionClient, with: &Arguments) -> Call<CreateExecutionRequest> {
    with.named(client.create(with.text("type").expect("a type")))
        .given(with.json("payload"), |call, it| call.payload(it))
        .given(with.int("max_attempts"), |call, it| call.max_attempts(it))
        .given(with.span("timeout"), |call, it| call.timeout(it))
        .given(with.span("start_timeout"), Call::start_timeout)
        .given(with.span("total_timeout"), |call, it| call.total_timeout(it))
        .given(with.retry_policy(), |call, it| call.retry_policy(it))
        .given(with.retention(), Call::retention)
        .given(with.moment("scheduled_at"), Call::scheduled_at)
        .given(with.int("priority"), Call::priority)
        .given(with.int("max_crashes"), Call::max_crashes)
        .given(with.text("idempotency_key"), Call::idempotency_key)
        .given(with.text("parent_id"), Call::parent_id)
        .given(with.json("metadata"), |call, it| call.metadata(it))
        .given(with.labels(), |call, it| call.labels(it))
}

async fn complete(client: &ExecutionClient, with: &Arguments) -> Result<Execution, Problem> {
    let checkpoints = with.object("checkpoints");
    with.fenced(client.complete(with.id()))
        .given(with.json("result"), Call::result)
        .given(with.object("progress").map(|progress| progress.progress()), Call::progress)
        .given(checkpoints.as_ref().map(Arguments::pairs), Call::checkpoints)
        .await
}

async fn fail(client: &ExecutionClient, with: &Arguments) -> Result<Execution, Problem> {
    let checkpoints = with.object("checkpoints");
    let failure: Failure = with.object("error").expect("an error").failure();
    with.fenced(client.fail(with.id(), failure))
        .given(with.object("progress").map(|progress| progress.progress()), Call::progress)
        .given(checkpoints.as_ref().map(Arguments::pairs), Call::checkpoints)
        .await
}

async fn update(client: &ExecutionClient, with: &Arguments) -> Result<Execution, Problem> {
    let mut call = with.guarded(client.update(with.id()));
    for (name, field) in [
        ("metadata", ClearableField::Metadata),
        ("labels", ClearableField::Labels),
        ("timeout_ms", ClearableField::Timeout),
        ("total_timeout_ms", ClearableField::TotalTimeout),
        ("retry_policy", ClearableField::RetryPolicy),
    ] {
        if with.is_null(name) {
            call = call.clear(field);
        }
    }
    let metadata = with.json("metadata").filter(|_| !with.is_null("metadata"));
    call.given(metadata, |call, it| call.metadata(it))
        .given(with.labels(), |call, it| call.labels(it))
        .given(with.int("max_attempts"), |call, it| call.max_attempts(it))
        .given(with.span("timeout"), |call, it| call.timeout(it))
        .given(with.span("total_timeout"), |call, it| call.total_timeout(it))
        .given(with.retry_policy(), |call, it| call.retry_policy(it))
        .await
}
