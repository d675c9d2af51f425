//! What `update` takes.

use std::time::Duration;

use serde::Serialize;

use crate::{Call, Problem, RetryPolicy, json::to_struct, proto, to_wire::to_duration};

/// A field that `update` may clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClearableField {
    /// The free data.
    Metadata,
    /// The short texts.
    Labels,
    /// The limit of one attempt.
    Timeout,
    /// The limit of everything.
    TotalTimeout,
    /// When the next attempt comes after a failure.
    RetryPolicy,
}

impl ClearableField {
    fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Labels => "labels",
            Self::Timeout => "timeout",
            Self::TotalTimeout => "total_timeout",
            Self::RetryPolicy => "retry_policy",
        }
    }
}

/// What `update` takes.
impl Call<proto::UpdateExecutionRequest> {
    /// Replace the free data: what serialises to a JSON object.
    pub fn metadata(self, metadata: impl Serialize) -> Self {
        self.replace("metadata", |new| Ok(new.metadata = Some(to_struct(&metadata, "metadata")?)))
    }

    /// Replace the short texts.
    pub fn labels(self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.replace("labels", |new| Ok(new.labels = labels.collect()))
    }

    /// How many attempts may be started.
    pub fn max_attempts(self, attempts: i32) -> Self {
        self.replace("max_attempts", |new| Ok(new.max_attempts = attempts))
    }

    /// How long one attempt may take, the one under way too.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.replace("timeout", |new| Ok(new.timeout = Some(to_duration(timeout, "timeout")?)))
    }

    /// How long everything may take.
    pub fn total_timeout(self, timeout: Duration) -> Self {
        self.replace("total_timeout", |new| {
            Ok(new.total_timeout = Some(to_duration(timeout, "total_timeout")?))
        })
    }

    /// When the next attempt comes after a failure.
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        self.replace("retry_policy", |new| Ok(new.retry_policy = Some(policy.try_into()?)))
    }

    /// Set a field back to what it is where nothing was given.
    pub fn clear(self, field: ClearableField) -> Self {
        self.replace(field.name(), |_| Ok(()))
    }

    fn replace(self, name: &str, set: impl FnOnce(&mut proto::Execution) -> Result<(), Problem>) -> Self {
        self.try_with(|request| {
            let paths = &mut request.update_mask.get_or_insert_default().paths;
            if !paths.iter().any(|path| path == name) {
                paths.push(name.to_owned());
            }
            set(request.execution.get_or_insert_default())
        })
    }
}
