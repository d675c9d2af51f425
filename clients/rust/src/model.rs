//! The plain values that the client takes and answers: the nouns of `execution.proto`, which explains every field.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{ExecutionStatus, StatusReason};

/// A JSON object.
pub type Object = serde_json::Map<String, Value>;

/// One unit of work and all that is known about it.
///
/// The basic view carries neither payload nor result, checkpoints, history and the error's stack.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Execution {
    /// Its id. Sorts by creation time.
    pub id: String,
    /// What kind of work it is, as its creator named it.
    pub r#type: String,
    /// Where it stands.
    pub status: ExecutionStatus,
    /// Why it stands there.
    pub status_reason: StatusReason,
    /// The input: `None` where none was sent, `Some(Value::Null)` where JSON null was.
    pub payload: Option<Value>,
    /// The output, as the payload.
    pub result: Option<Value>,
    /// The last attempt's failure.
    pub error: Option<ExecutionError>,
    /// How many attempts were started so far. It is the fence of what an attempt may write.
    pub attempts: i32,
    /// How many attempts may be started.
    pub max_attempts: i32,
    /// When it was created.
    pub created_at: Option<SystemTime>,
    /// When it last changed in any way.
    pub updated_at: Option<SystemTime>,
    /// When the current or last attempt started.
    pub started_at: Option<SystemTime>,
    /// When it came to rest.
    pub completed_at: Option<SystemTime>,
    /// How long one attempt may take; `None` is no limit.
    pub timeout: Option<Duration>,
    /// The creator's key; empty is none.
    pub idempotency_key: String,
    /// The execution it belongs to; empty is none.
    pub parent_id: String,
    /// Free data.
    pub metadata: Object,
    /// Short texts.
    pub labels: BTreeMap<String, String>,
    /// What the work left behind to go on from.
    pub checkpoints: BTreeMap<String, Value>,
    /// The keys of the checkpoints, each with the size of its value in bytes.
    pub checkpoint_sizes: BTreeMap<String, i32>,
    /// How far the work is.
    pub progress: Option<Progress>,
    /// 1 at creation, and one more with every change. The cursor of a watch.
    pub revision: i64,
    /// The newest status changes, oldest first.
    pub history: Vec<HistoryEntry>,
    /// How many status changes there were in all.
    pub status_changes: i32,
    /// Why it was cancelled.
    pub cancellation_reason: String,
    /// When somebody asked for its cancellation, with a grace period.
    pub cancellation_requested_at: Option<SystemTime>,
    /// When the server cancels by itself.
    pub cancellation_forced_at: Option<SystemTime>,
    /// When the next attempt comes after a failure; `None` is the contract's defaults.
    pub retry_policy: Option<RetryPolicy>,
    /// When the retry policy wants the next attempt.
    pub next_attempt_at: Option<SystemTime>,
    /// How long it may stay pending; `None` is no limit.
    pub start_timeout: Option<Duration>,
    /// How long everything may take; `None` is no limit.
    pub total_timeout: Option<Duration>,
    /// How long the record is kept once it is at rest.
    pub retention: Option<Retention>,
    /// When the record is removed.
    pub expires_at: Option<SystemTime>,
    /// Workers get it not before this.
    pub scheduled_at: Option<SystemTime>,
    /// Of what is ready, workers get the lowest first.
    pub priority: i32,
    /// The hold of the worker that has it.
    pub lease: Option<Lease>,
    /// How many workers were lost with it.
    pub crashes: i32,
    /// How many may be lost with it before it fails.
    pub max_crashes: i32,
    /// How many attempts do not count against `max_attempts`.
    pub refunded_attempts: i32,
    /// The W3C trace context that its creator's call came with; empty is none.
    pub trace_parent: String,
}

impl Execution {
    /// The payload as a type of your own; what is absent is as JSON null.
    ///
    /// # Errors
    /// It has another shape.
    pub fn payload_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        as_type(self.payload.as_ref())
    }

    /// The result as a type of your own; see `payload_as`.
    ///
    /// # Errors
    /// It has another shape.
    pub fn result_as<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        as_type(self.result.as_ref())
    }

    /// A checkpoint as a type of your own; `None` if there is none under the key.
    ///
    /// # Errors
    /// It has another shape.
    pub fn checkpoint_as<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, serde_json::Error> {
        self.checkpoints.get(key).map(T::deserialize).transpose()
    }
}

fn as_type<T: DeserializeOwned>(value: Option<&Value>) -> Result<T, serde_json::Error> {
    T::deserialize(value.unwrap_or(&Value::Null))
}

/// The answer of `create`: the execution, and whether this call (or the one it repeats) created it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CreatedExecution {
    /// The execution.
    pub execution: Execution,
    /// Whether this call, or the one it repeats, created it.
    pub created: bool,
}

/// A failure, as the worker reported it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ExecutionError {
    /// What went wrong, for a person.
    pub message: String,
    /// What went wrong, for a program.
    pub code: String,
    /// Where it went wrong.
    pub stack: String,
    /// Whether another attempt may succeed.
    pub retryable: bool,
    /// When to repeat it, where this once it replaced the retry policy.
    pub retry_delay: Option<Duration>,
    /// Free data.
    pub details: Object,
}

/// How far an attempt is, in a unit of the worker's choice.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// How much is done.
    pub current: f64,
    /// How much there is in all; 0 is not known.
    pub total: f64,
    /// What is being done, for a person.
    pub message: String,
    /// 0 to 100; the server computes it where the worker leaves it out.
    pub percent: Option<f64>,
    /// The attempt that reported it. Set by the server only.
    pub attempt: i32,
    /// When it was reported. Set by the server only.
    pub updated_at: Option<SystemTime>,
}

impl Progress {
    /// So much of so much.
    pub fn new(current: impl Into<f64>, total: impl Into<f64>) -> Self {
        Self { current: current.into(), total: total.into(), ..Self::default() }
    }

    /// What is being done, for a person.
    #[must_use]
    pub fn message(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// 0 to 100, instead of what the server computes.
    #[must_use]
    pub fn percent(self, percent: impl Into<f64>) -> Self {
        Self { percent: Some(percent.into()), ..self }
    }
}

/// One status change.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The execution's revision after the change.
    pub revision: i64,
    /// When it happened.
    pub at: Option<SystemTime>,
    /// The status before; `None` for the creation.
    pub from: Option<ExecutionStatus>,
    /// The status after.
    pub to: ExecutionStatus,
    /// Why.
    pub reason: StatusReason,
    /// The execution's `attempts` after the change.
    pub attempt: i32,
    /// "server" for a deadline that the server keeps, else the caller where calls carry an identity.
    pub actor: String,
}

/// When the next attempt comes after a failure that may be repeated. What is `None` is as the contract says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RetryPolicy {
    /// The pause after the first attempt.
    pub initial_interval: Option<Duration>,
    /// By how much each pause is longer than the one before.
    pub backoff_coefficient: Option<f64>,
    /// The longest pause.
    pub maximum_interval: Option<Duration>,
    /// How much of a pause may be left out at random: 0 to 1.
    pub jitter: Option<f64>,
    /// Errors with one of these codes are never repeated.
    pub non_retryable_codes: Vec<String>,
    /// Whether an attempt that timed out is repeated.
    pub retry_timeouts: bool,
}

/// How long a record is kept once it is at rest. `None` is for ever in an answer, and as the server is set in a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retention {
    /// If it is completed or cancelled.
    pub succeeded: Option<Duration>,
    /// If it failed or timed out.
    pub failed: Option<Duration>,
}

/// A worker's hold on a running execution.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Lease {
    /// The worker, as it named itself.
    pub worker_id: String,
    /// How long the lease lasts without word from the worker.
    pub duration: Option<Duration>,
    /// When it runs out.
    pub expires_at: Option<SystemTime>,
}
