//! A load: executions that live their whole lives, several at a time.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use croco_execution_client::{ExecutionClient, Problem};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::arguments::Arguments;

const CALLS_PER_LIFE: i64 = 6;

/// Answers how many calls all the lives took.
pub async fn perform(client: &ExecutionClient, with: &Arguments) -> Result<Value, Problem> {
    let lifecycles = with.long("lifecycles").expect("a number of lives");
    let left = Arc::new(AtomicI64::new(lifecycles));
    let mut loops = JoinSet::new();
    for _ in 0..with.int("concurrency").expect("a number of loops") {
        let (client, with, left) = (client.clone(), with.clone(), left.clone());
        loops.spawn(async move {
            while left.fetch_sub(1, Ordering::Relaxed) > 0 {
                live(&client, &with).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = loops.join_next().await {
        ended.expect("a loop ends")?;
    }
    Ok(json!({"calls": lifecycles * CALLS_PER_LIFE}))
}

async fn live(client: &ExecutionClient, with: &Arguments) -> Result<(), Problem> {
    let payload = with.json("payload").expect("a payload");
    let created = client.create(with.text("type").expect("a type")).payload(payload).await?.execution;
    let attempt = client.start(&created.id).await?.attempts;
    for page in 1..=3 {
        client.update_progress(&created.id, page, 3).message("Rendering").attempt(attempt).await?;
    }
    client.complete(&created.id).result(json!({"pages": 3})).attempt(attempt).await?;
    Ok(())
}
