//! What goes on in the background: watches, and workers.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use croco_execution_client::{Answers, Failure, Job, Problem, WatchMessage, Worker, WorkerBuilder};
use serde_json::{Value, json};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};

use crate::{
    arguments::{Arguments, Given},
    plain,
};

/// A watch, and what it has told.
pub struct Watching {
    told: watch::Receiver<Told>,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Told {
    messages: Vec<Value>,
    problem: Option<Value>,
    ended: bool,
}

impl Watching {
    pub fn begin(mut answers: Answers<WatchMessage>) -> Self {
        let (sender, told) = watch::channel(Told::default());
        let task = tokio::spawn(async move {
            loop {
                let next = answers.try_next().await;
                let goes_on = matches!(next, Ok(Some(_)));
                sender.send_modify(|told| match next {
                    Ok(Some(message)) => told.messages.push(plain::message(&message)),
                    Ok(None) => told.ended = true,
                    Err(problem) => (told.problem, told.ended) = (Some(plain::problem(&problem)), true),
                });
                if !goes_on {
                    return;
                }
            }
        });
        Self { told, task }
    }

    pub async fn until(&mut self, wanted: &Arguments) -> Value {
        let told =
            self.told.wait_for(|told| told.ended || told.has(wanted)).await.expect("it ends with a word");
        json!({"messages": told.messages})
    }

    pub async fn end(mut self) -> Value {
        let told = self.told.wait_for(|told| told.ended).await.expect("it ends with a word");
        json!({"messages": told.messages, "problem": told.problem})
    }

    /// Drop the stream.
    pub async fn stop(self) -> Value {
        self.task.abort();
        let _ = self.task.await;
        json!({"messages": self.told.borrow().messages})
    }
}

impl Told {
    fn has(&self, wanted: &Arguments) -> bool {
        let all = |name, count: usize| {
            wanted.int(name).is_none_or(|least| count >= usize::try_from(least).unwrap())
        };
        let bookmarks = self.messages.iter().filter(|message| message["event"] == "bookmark").count();
        let newest = self.messages.iter().filter_map(|message| message["revision"].as_i64()).max();
        all("events", self.messages.len())
            && all("bookmarks", bookmarks)
            && wanted.long("revision").is_none_or(|revision| newest >= Some(revision))
            && wanted
                .text("status")
                .is_none_or(|status| self.messages.iter().any(|one| *status_of(one) == *status))
    }
}

fn status_of(message: &Value) -> &Value {
    let change = &message["change"];
    if change.is_null() { &message["execution"]["status"] } else { &change["to"] }
}

/// A worker, and what became of the jobs that it was given.
pub struct Working {
    handled: Arc<Mutex<Vec<Value>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Problem>>,
}

impl Working {
    pub fn begin(builder: WorkerBuilder, with: &Arguments) -> Result<Self, Problem> {
        let handled = Arc::new(Mutex::new(Vec::new()));
        let mut builder = builder
            .concurrency(usize::try_from(with.int("slots").unwrap_or(1)).expect("slots"))
            .drain(Duration::from_secs(1))
            .given(with.span("lease_duration"), WorkerBuilder::lease);
        for r#type in with.texts("types").unwrap_or_default() {
            let handled = handled.clone();
            builder = builder.task(r#type, move |job| handle(job, handled.clone()));
        }
        let worker: Worker = builder.build()?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async { stopped.await.unwrap_or_default() };
            worker.run_until(stopped).await
        });
        Ok(Self { handled, stop, task })
    }

    pub async fn end(self) -> Result<Value, Problem> {
        let _ = self.stop.send(());
        self.task.await.expect("the worker ends")?;
        Ok(json!({"handled": *self.handled.lock().expect("it is not poisoned")}))
    }
}

/// Notes how a job ended: as lost if its future is dropped.
struct Note {
    handled: Arc<Mutex<Vec<Value>>>,
    job: Job,
    ended: &'static str,
}

impl Drop for Note {
    fn drop(&mut self) {
        let note = json!({"id": self.job.id(), "attempt": self.job.attempt(), "ended": self.ended});
        self.handled.lock().expect("it is not poisoned").push(note);
    }
}

async fn handle(job: Job, handled: Arc<Mutex<Vec<Value>>>) -> Result<Value, Failure> {
    let mut note = Note { handled, job: job.clone(), ended: "lost" };
    let result = do_steps(&job).await;
    note.ended = match &result {
        Ok(_) => "completed",
        Err(_) if job.is_cancelled() => "cancelled",
        Err(_) => "failed",
    };
    result
}

async fn do_steps(job: &Job) -> Result<Value, Failure> {
    let payload: Value = job.payload()?;
    for step in payload["do"].as_array().into_iter().flatten() {
        let (what, value) = step.as_object().and_then(|step| step.iter().next()).expect("a step");
        match what.as_str() {
            "checkpoint" => job.checkpoint(value["key"].as_str().expect("a key"), &value["value"]).await?,
            "progress" => job.progress(Arguments::new(value.clone()).progress()),
            "fail" => return Err(Arguments::new(value.clone()).failure()),
            "fail_once" if job.attempt() == 1 => return Err(Arguments::new(value.clone()).failure()),
            "fail_once" => {}
            "wait" => return Err(job.cancelled().await.into()),
            "complete" if value == "checkpoints" => return Ok(json!(job.execution().checkpoints)),
            "complete" => return Ok(value.clone()),
            other => panic!("nobody knows how to {other}"),
        }
    }
    Ok(Value::Null)
}
