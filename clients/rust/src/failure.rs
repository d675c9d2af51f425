//! How a failure is told to the service.

use std::{any::type_name, error::Error, time::Duration};

use serde::Serialize;

use crate::{Problem, json::to_struct, proto, to_wire::to_duration};

/// Why an attempt failed, for `fail` and as the error of a worker's task.
///
/// Every error becomes one by `?`: one that may be repeated, with the name of its type as its code.
#[derive(Debug)]
#[must_use]
pub struct Failure {
    pub(crate) error: Box<proto::ExecutionError>,
    /// What of it cannot be sent.
    pub(crate) unsendable: Option<Box<Problem>>,
    /// The task stopped because it was told to.
    pub(crate) stopped: bool,
}

impl Failure {
    /// The attempt failed and another may succeed.
    pub fn retryable(message: impl Into<String>) -> Self {
        Self::new(message, true)
    }

    /// The attempt failed and so would every other: none follows.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::new(message, false)
    }

    /// What went wrong, for a program.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.error.code = code.into();
        self
    }

    /// Where it went wrong.
    pub fn stack(mut self, stack: impl Into<String>) -> Self {
        self.error.stack = stack.into();
        self
    }

    /// When to repeat it, this once instead of what the retry policy says.
    pub fn retry_delay(mut self, delay: Duration) -> Self {
        match to_duration(delay, "retry_delay") {
            Ok(delay) => self.error.retry_delay = Some(delay),
            Err(problem) => self.unsendable = Some(problem.into()),
        }
        self
    }

    /// Free data: what serialises to a JSON object.
    pub fn details(mut self, details: impl Serialize) -> Self {
        match to_struct(&details, "details") {
            Ok(details) => self.error.details = Some(details),
            Err(problem) => self.unsendable = Some(problem.into()),
        }
        self
    }

    fn new(message: impl Into<String>, retryable: bool) -> Self {
        let error = proto::ExecutionError { message: message.into(), retryable, ..Default::default() }.into();
        Self { error, unsendable: None, stopped: false }
    }
}

impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let kind = type_name::<E>().rsplit("::").next().unwrap_or_default().trim_end_matches('>');
        let reason = (&error as &dyn Error).downcast_ref::<Problem>().map(Problem::reason);
        let code = reason.filter(|reason| !reason.is_empty()).unwrap_or(kind);
        let sentence = error.to_string();
        let message = if sentence.is_empty() { kind.to_owned() } else { sentence };
        Self::retryable(message).code(code).stack(causes_of(&error))
    }
}

/// The causes of an error, a line each: all that Rust keeps of where it went wrong.
fn causes_of(error: &dyn Error) -> String {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(format!("caused by: {cause}"));
        source = cause.source();
    }
    causes.join("\n")
}

/// The job is to stop: what `Job::cancelled` answers. Let it pass with `?`, and the execution is given back.
#[derive(Clone, Debug)]
pub struct JobCancelled {
    /// Why it is to stop.
    pub reason: String,
}

impl From<JobCancelled> for Failure {
    fn from(cancelled: JobCancelled) -> Self {
        Self { stopped: true, ..Self::retryable(cancelled.reason).code("JobCancelled") }
    }
}
