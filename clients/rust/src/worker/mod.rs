//! The worker's face.

mod attempt;
mod job;
mod outbox;
mod pulse;
mod reports;
mod running;
mod stopping;
mod stream;

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::Serialize;

pub use self::job::{CheckpointError, Job};
use self::{attempt::Outcome, running::Running};
use crate::{
    Failure, Problem,
    json::to_value,
    metadata::Metadata,
    settings::{Settings, Tls, Wishes},
};

const MOST_TYPES: usize = 20;
/// More than one process can keep busy.
const MOST_AT_A_TIME: usize = 1_000;
const SHORTEST_LEASE: Duration = Duration::from_secs(1);
const LONGEST_LEASE: Duration = Duration::from_secs(3_600);

type Task = Arc<dyn Fn(Job) -> BoxFuture<'static, Outcome> + Send + Sync>;
type Tasks = BTreeMap<String, Task>;

/// Does executions: gives each that is ready to the task that is registered for its type.
///
/// A task is an async function of a `Job`. What it answers is the result of the execution (`()`: no result). An error fails
/// the attempt, and another may follow; `Failure` says more. Lost connections and servers that stop are the worker's
/// business: tasks go on as long as their lease holds.
#[derive(Clone)]
pub struct Worker {
    settings: WorkerSettings,
    tasks: Tasks,
}

/// What a worker was told; its builder explains it.
#[derive(Clone, Debug)]
struct WorkerSettings {
    connection: Arc<Settings>,
    worker_id: String,
    concurrency: usize,
    lease: Duration,
    drain: Duration,
    progress_interval: Duration,
}

impl Worker {
    /// A worker for the service at `target`; see `ExecutionClient::new`. It connects when it runs.
    pub fn builder(target: impl Into<String>) -> WorkerBuilder {
        WorkerBuilder {
            wishes: Wishes::new(target),
            worker_id: None,
            concurrency: 10,
            lease: Duration::from_secs(30),
            drain: Duration::from_secs(10),
            progress_interval: Duration::from_millis(200),
            tasks: Vec::new(),
        }
    }

    /// Work for ever. When the future is dropped tasks are dropped with it, and their leases run out.
    ///
    /// # Errors
    /// The service refuses the worker for good, as with `CredentialsInvalid`.
    pub async fn run(&self) -> Result<(), Problem> {
        self.run_until(std::future::pending()).await
    }

    /// Work until `stop` is ready, as a signal is; then take nothing new, let tasks go on for the worker's `drain`, and
    /// give back those that still run then. See `run`.
    ///
    /// # Errors
    /// The service refuses the worker for good, as with `CredentialsInvalid`.
    pub async fn run_until(&self, stop: impl Future<Output = ()>) -> Result<(), Problem> {
        Running::new(self.settings.clone(), self.tasks.clone()).run(stop).await
    }
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Worker")
            .field("settings", &self.settings)
            .field("types", &self.tasks.keys())
            .finish()
    }
}

/// What to say of a worker before it is made.
#[must_use]
pub struct WorkerBuilder {
    wishes: Wishes,
    worker_id: Option<String>,
    concurrency: usize,
    lease: Duration,
    drain: Duration,
    progress_interval: Duration,
    tasks: Vec<(String, Task)>,
}

impl WorkerBuilder {
    /// What does the executions of a type. Up to 20 types, one task each.
    pub fn task<F, R, T>(mut self, r#type: impl Into<String>, task: F) -> Self
    where
        F: Fn(Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<T, Failure>> + Send + 'static,
        T: Serialize,
    {
        let task = Arc::new(task);
        let boxed: Task = Arc::new(move |job| {
            let task = task.clone();
            // Called within the future too: what it does before its own first step is the job's, a panic included.
            Box::pin(async move { outcome_of(task(job).await) })
        });
        self.tasks.push((r#type.into(), boxed));
        self
    }

    /// How many tasks run at a time, 1 to 1,000: 10 without.
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency, ..self }
    }

    /// How long the worker may be silent before others get what it does, 1 s to 1 h: 30 s without. Tasks are stopped when
    /// the service was not heard for two thirds of it.
    pub fn lease(self, lease: Duration) -> Self {
        Self { lease, ..self }
    }

    /// How long a worker that is to stop lets its tasks go on before it gives them back: 10 s without.
    pub fn drain(self, drain: Duration) -> Self {
        Self { drain, ..self }
    }

    /// The least time between two reports of a job's progress: 200 ms without.
    pub fn progress_interval(self, interval: Duration) -> Self {
        Self { progress_interval: interval, ..self }
    }

    /// How the worker names itself; without, its host and process do.
    pub fn worker_id(self, id: impl Into<String>) -> Self {
        Self { worker_id: Some(id.into()), ..self }
    }

    /// Encrypt.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.wishes.tls = Some(tls);
        self
    }

    /// A bearer token. Without `tls`, to this machine only.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.wishes.token = Some(token.into());
        self
    }

    /// Headers of the caller's own; see `ClientBuilder::metadata`. `ask` is asked before each stream that the worker
    /// opens, in a task of the worker's. What cannot be sent ends the worker with `InvalidArgument`.
    pub fn metadata<I, K, V>(mut self, ask: impl Fn() -> I + Send + Sync + 'static) -> Self
    where
        I: IntoIterator<Item = (K, V)>,
        K: Into<String>,
        V: Into<String>,
    {
        self.wishes.metadata = Some(Metadata::new(ask));
        self
    }

    /// The worker.
    ///
    /// # Errors
    /// `InvalidArgument`: something is outside its limits, or there is no task.
    pub fn build(self) -> Result<Worker, Problem> {
        if !(1..=MOST_AT_A_TIME).contains(&self.concurrency) {
            let sentence =
                format!("concurrency is {}; it has to be 1 to {MOST_AT_A_TIME}.", self.concurrency);
            return Err(Problem::invalid(sentence));
        }
        if !(SHORTEST_LEASE..=LONGEST_LEASE).contains(&self.lease) {
            return Err(Problem::invalid("lease has to be 1 s to 1 h."));
        }
        let mut tasks = Tasks::new();
        for (r#type, task) in self.tasks {
            if tasks.contains_key(&r#type) {
                return Err(Problem::invalid(format!("The type {type:?} has two tasks.")));
            }
            tasks.insert(r#type, task);
        }
        if !(1..=MOST_TYPES).contains(&tasks.len()) {
            return Err(Problem::invalid(format!("A worker takes 1 to {MOST_TYPES} types.")));
        }
        let settings = WorkerSettings {
            connection: Arc::new(self.wishes.settings()?),
            worker_id: self.worker_id.unwrap_or_else(own_name),
            concurrency: self.concurrency,
            // The contract counts in whole milliseconds.
            lease: Duration::from_millis(u64::try_from(self.lease.as_millis()).unwrap_or(u64::MAX)),
            drain: self.drain,
            progress_interval: self.progress_interval,
        };
        Ok(Worker { settings, tasks })
    }
}

/// A result that is null is none; one that cannot be sent fails the attempt, and would fail every other.
fn outcome_of<T: Serialize>(ended: Result<T, Failure>) -> Outcome {
    let value = to_value(&ended?, "result")
        .map_err(|problem| Failure::permanent(problem.to_string()).code("InvalidResult"))?;
    Ok(Some(value).filter(|value| !matches!(value.kind, Some(prost_types::value::Kind::NullValue(_)))))
}

/// Host and process, and a random part: two workers of one process are two.
fn own_name() -> String {
    let host =
        fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| std::env::var("HOSTNAME").ok());
    let host = host.as_deref().map_or("worker", str::trim);
    format!("{host}-{}-{:06x}", std::process::id(), fastrand::u32(..1 << 24))
}
