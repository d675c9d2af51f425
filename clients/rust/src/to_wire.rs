//! From arguments to the messages of the contract.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::Serialize;
use uuid::Uuid;

use crate::{Problem, Progress, Retention, RetryPolicy, json::to_value, proto};

/// A name of its own for a call: then its automatic repeats are harmless.
pub(crate) fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

pub(crate) fn to_duration(span: Duration, name: &str) -> Result<prost_types::Duration, Problem> {
    span.try_into().map_err(|_| Problem::invalid(format!("{name} is longer than can be said.")))
}

pub(crate) fn to_timestamp(moment: SystemTime) -> prost_types::Timestamp {
    moment.into()
}

/// Convert named values, each for itself; `path` is what to call them together.
pub(crate) fn to_values<K, V>(
    items: impl IntoIterator<Item = (K, V)>,
    path: &str,
) -> Result<BTreeMap<String, prost_types::Value>, Problem>
where
    K: Into<String>,
    V: Serialize,
{
    let with_key = |(key, value): (K, V)| {
        let key = key.into();
        let value = to_value(&value, &format!("{path}.{key}"))?;
        Ok((key, value))
    };
    items.into_iter().map(with_key).collect()
}

impl From<Progress> for proto::Progress {
    fn from(progress: Progress) -> Self {
        Self {
            current: progress.current,
            total: progress.total,
            message: progress.message,
            percent: progress.percent,
            ..Self::default()
        }
    }
}

impl TryFrom<RetryPolicy> for proto::RetryPolicy {
    type Error = Problem;

    fn try_from(policy: RetryPolicy) -> Result<Self, Problem> {
        let span = |span: Option<Duration>, name| span.map(|span| to_duration(span, name)).transpose();
        Ok(Self {
            initial_interval: span(policy.initial_interval, "retry_policy.initial_interval")?,
            backoff_coefficient: policy.backoff_coefficient,
            maximum_interval: span(policy.maximum_interval, "retry_policy.maximum_interval")?,
            jitter: policy.jitter,
            non_retryable_codes: policy.non_retryable_codes,
            retry_timeouts: policy.retry_timeouts,
        })
    }
}

impl TryFrom<Retention> for proto::Retention {
    type Error = Problem;

    fn try_from(retention: Retention) -> Result<Self, Problem> {
        let span = |span: Option<Duration>, name| span.map(|span| to_duration(span, name)).transpose();
        Ok(Self {
            succeeded: span(retention.succeeded, "retention.succeeded")?,
            failed: span(retention.failed, "retention.failed")?,
        })
    }
}
