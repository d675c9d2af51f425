//! What a task is given: the execution that it works on, and how to report of it.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    Execution, Failure, JobCancelled, Problem, Progress,
    json::{from_value, to_value},
    proto,
};

const MESSAGE_BYTES: usize = 4096;

/// Which attempt of which execution.
pub(super) type Key = (String, i32);

/// What jobs, and timers, say to the worker.
pub(super) enum Word {
    /// There is progress where there was none.
    Progress(Key),
    /// The newest progress may be sent.
    ProgressDue(Key),
    /// Save a checkpoint and answer when it is durable.
    Checkpoint(Key, String, prost_types::Value, Saved),
    /// A report that was refused for something that passes may be repeated.
    Repeat(i64),
}

/// Whom to tell what became of a checkpoint.
pub(super) type Saved = oneshot::Sender<Result<(), CheckpointError>>;

/// The execution that a task works on, and how to report of it. A clone is the same job.
#[derive(Clone)]
pub struct Job {
    shared: Arc<Shared>,
}

/// What the job and the worker have in common.
pub(super) struct Shared {
    key: Key,
    execution: Execution,
    checkpoints: Mutex<BTreeMap<String, Value>>,
    progress: Mutex<Option<Progress>>,
    stop: CancellationToken,
    why_stop: OnceLock<String>,
    words: mpsc::UnboundedSender<Word>,
}

impl Job {
    pub(super) fn new(assignment: proto::Execution, words: mpsc::UnboundedSender<Word>) -> Self {
        let execution = Execution::from(assignment);
        let shared = Shared {
            key: (execution.id.clone(), execution.attempts),
            checkpoints: Mutex::new(execution.checkpoints.clone()),
            execution,
            progress: Mutex::default(),
            stop: CancellationToken::new(),
            why_stop: OnceLock::new(),
            words,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The execution as it was when the attempt began, in full.
    #[must_use]
    pub fn execution(&self) -> &Execution {
        &self.shared.execution
    }

    /// The execution's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shared.key.0
    }

    /// Which attempt this is: 1 for the first.
    #[must_use]
    pub fn attempt(&self) -> i32 {
        self.shared.key.1
    }

    /// The input as a type of your own; where there is none it is as JSON null.
    ///
    /// # Errors
    /// It has another shape.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        self.shared.execution.payload_as()
    }

    /// What this attempt and those before it left behind under a key; `None` if nothing.
    ///
    /// # Errors
    /// It has another shape.
    pub fn saved<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, serde_json::Error> {
        lock(&self.shared.checkpoints).get(key).map(T::deserialize).transpose()
    }

    /// All that this attempt and those before it left behind.
    #[must_use]
    pub fn checkpoints(&self) -> BTreeMap<String, Value> {
        lock(&self.shared.checkpoints).clone()
    }

    /// Keep a JSON value under a key, over every failure and retry; null removes the key. It is durable on return.
    ///
    /// # Errors
    /// The lease is lost, so that nothing more is taken; or the value cannot be sent, or the service refuses it.
    pub async fn checkpoint(&self, key: &str, value: impl Serialize) -> Result<(), CheckpointError> {
        let wanted = to_value(&value, key).map_err(CheckpointError::Refused)?;
        let json = from_value(wanted.clone());
        let (saved, answer) = oneshot::channel();
        let word = Word::Checkpoint(self.shared.key.clone(), key.to_owned(), wanted, saved);
        let _ = self.shared.words.send(word);
        // Where nobody answers the worker has ended.
        answer.await.unwrap_or_else(|_| Err(CheckpointError::Cancelled(self.shared.cancelled())))?;
        let mut checkpoints = lock(&self.shared.checkpoints);
        if json.is_null() {
            checkpoints.remove(key);
        } else {
            checkpoints.insert(key.to_owned(), json);
        }
        Ok(())
    }

    /// Say how far the work is. Costs next to nothing: only the newest is sent, every now and then; the last always is.
    ///
    /// What the service would refuse (negative or not finite numbers, a message of more than 4 KiB) is not sent, and
    /// logged.
    pub fn progress(&self, progress: Progress) {
        if let Err(wrong) = check(&progress) {
            tracing::warn!(job = %self.shared, "progress is not sent: {wrong}");
            return;
        }
        // Thousands may come before the first is sent: only it wakes the worker.
        if lock(&self.shared.progress).replace(progress).is_none() {
            let _ = self.shared.words.send(Word::Progress(self.shared.key.clone()));
        }
    }

    /// Wait until the job is to stop: somebody asked for its cancellation, or the worker itself stops.
    ///
    /// What it answers ends the task when it is returned as an error, and the execution is given back (which cancels it if
    /// that was requested). A task that never looks goes on until its lease is over or it is done. A task whose lease is
    /// lost is not asked: its future is dropped.
    pub async fn cancelled(&self) -> JobCancelled {
        self.shared.stop.cancelled().await;
        self.shared.cancelled()
    }

    /// Tell whether the job is to stop; see `cancelled`.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.stop.is_cancelled()
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        self.shared.clone()
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Job({})", self.shared)
    }
}

impl Shared {
    pub(super) fn key(&self) -> &Key {
        &self.key
    }

    /// Have the job stop, for the first reason that is given.
    pub(super) fn stop(&self, why: &str) {
        let _ = self.why_stop.set(why.to_owned());
        self.stop.cancel();
    }

    pub(super) fn is_to_stop(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// What was not sent yet, which is then taken as sent.
    pub(super) fn take_progress(&self) -> Option<Progress> {
        lock(&self.progress).take()
    }

    pub(super) fn has_progress(&self) -> bool {
        lock(&self.progress).is_some()
    }

    pub(super) fn cancelled(&self) -> JobCancelled {
        JobCancelled { reason: self.why_stop.get().map_or("The attempt is over.", String::as_str).to_owned() }
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, attempt {}", self.key.0, self.key.1)
    }
}

/// Why a checkpoint was not saved. `?` ends the task with it.
#[derive(Clone, Debug)]
pub enum CheckpointError {
    /// The attempt is over: nothing more is taken.
    Cancelled(JobCancelled),
    /// The value cannot be sent, or the service refuses it, as `TooManyCheckpoints`.
    Refused(Problem),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled(cancelled) => formatter.write_str(&cancelled.reason),
            Self::Refused(problem) => problem.fmt(formatter),
        }
    }
}

impl From<CheckpointError> for Failure {
    fn from(error: CheckpointError) -> Self {
        match error {
            CheckpointError::Cancelled(cancelled) => cancelled.into(),
            CheckpointError::Refused(problem) => problem.into(),
        }
    }
}

fn check(progress: &Progress) -> Result<(), &'static str> {
    let counts = |number: f64| number.is_finite() && number >= 0.0;
    if !counts(progress.current) || !counts(progress.total) {
        return Err("current and total have to be finite and at least 0");
    }
    if progress.percent.is_some_and(|percent| !(0.0..=100.0).contains(&percent)) {
        return Err("percent has to be 0 to 100");
    }
    if progress.message.len() > MESSAGE_BYTES { Err("the message is longer than 4 KiB") } else { Ok(()) }
}

/// Nothing here panics while it holds a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
