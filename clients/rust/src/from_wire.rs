//! From the messages of the contract to the plain values of `model.rs`.

use std::time::{Duration, SystemTime};

use crate::{
    Count, CreatedExecution, Directive, DirectiveKind, Execution, ExecutionError, ExecutionStatus,
    HistoryEntry, Lease, Page, Progress, Retention, RetryPolicy, ServerInfo, ServerLimits, StatusReason,
    WatchEvent, WatchMessage,
    json::{from_struct, from_value},
    proto,
};

impl From<proto::Execution> for Execution {
    fn from(message: proto::Execution) -> Self {
        Self {
            status: ExecutionStatus::from_number(message.status),
            status_reason: StatusReason::from_number(message.status_reason),
            id: message.id,
            r#type: message.r#type,
            payload: message.payload.map(from_value),
            result: message.result.map(from_value),
            error: message.error.map(Into::into),
            attempts: message.attempts,
            max_attempts: message.max_attempts,
            created_at: moment(message.created_at),
            updated_at: moment(message.updated_at),
            started_at: moment(message.started_at),
            completed_at: moment(message.completed_at),
            timeout: span(message.timeout),
            idempotency_key: message.idempotency_key,
            parent_id: message.parent_id,
            metadata: message.metadata.map(from_struct).unwrap_or_default(),
            labels: message.labels,
            checkpoints: message
                .checkpoints
                .into_iter()
                .map(|(key, value)| (key, from_value(value)))
                .collect(),
            checkpoint_sizes: message.checkpoint_sizes,
            progress: message.progress.map(Into::into),
            revision: message.revision,
            history: message.history.into_iter().map(Into::into).collect(),
            status_changes: message.status_changes,
            cancellation_reason: message.cancellation_reason,
            cancellation_requested_at: moment(message.cancellation_requested_at),
            cancellation_forced_at: moment(message.cancellation_forced_at),
            retry_policy: message.retry_policy.map(Into::into),
            next_attempt_at: moment(message.next_attempt_at),
            start_timeout: span(message.start_timeout),
            total_timeout: span(message.total_timeout),
            retention: message.retention.map(Into::into),
            expires_at: moment(message.expires_at),
            scheduled_at: moment(message.scheduled_at),
            priority: message.priority,
            lease: message.lease.map(Into::into),
            crashes: message.crashes,
            max_crashes: message.max_crashes,
            refunded_attempts: message.refunded_attempts,
            trace_parent: message.trace_parent,
        }
    }
}

impl From<proto::CreateExecutionResponse> for CreatedExecution {
    fn from(message: proto::CreateExecutionResponse) -> Self {
        Self { execution: execution(message.execution), created: message.created }
    }
}

impl From<proto::ExecutionError> for ExecutionError {
    fn from(message: proto::ExecutionError) -> Self {
        Self {
            message: message.message,
            code: message.code,
            stack: message.stack,
            retryable: message.retryable,
            retry_delay: span(message.retry_delay),
            details: message.details.map(from_struct).unwrap_or_default(),
        }
    }
}

impl From<proto::Progress> for Progress {
    fn from(message: proto::Progress) -> Self {
        Self {
            current: message.current,
            total: message.total,
            message: message.message,
            percent: message.percent,
            attempt: message.attempt,
            updated_at: moment(message.updated_at),
        }
    }
}

impl From<proto::HistoryEntry> for HistoryEntry {
    fn from(message: proto::HistoryEntry) -> Self {
        let from = Some(message.from).filter(|from| *from != proto::ExecutionStatus::Unspecified as i32);
        Self {
            revision: message.revision,
            at: moment(message.at),
            from: from.map(ExecutionStatus::from_number),
            to: ExecutionStatus::from_number(message.to),
            reason: StatusReason::from_number(message.reason),
            attempt: message.attempt,
            actor: message.actor,
        }
    }
}

impl From<proto::RetryPolicy> for RetryPolicy {
    fn from(message: proto::RetryPolicy) -> Self {
        Self {
            initial_interval: span(message.initial_interval),
            backoff_coefficient: message.backoff_coefficient,
            maximum_interval: span(message.maximum_interval),
            jitter: message.jitter,
            non_retryable_codes: message.non_retryable_codes,
            retry_timeouts: message.retry_timeouts,
        }
    }
}

impl From<proto::Retention> for Retention {
    fn from(message: proto::Retention) -> Self {
        Self { succeeded: span(message.succeeded), failed: span(message.failed) }
    }
}

impl From<proto::Lease> for Lease {
    fn from(message: proto::Lease) -> Self {
        Self {
            worker_id: message.worker_id,
            duration: span(message.duration),
            expires_at: moment(message.expires_at),
        }
    }
}

impl From<proto::ListExecutionsResponse> for Page {
    fn from(message: proto::ListExecutionsResponse) -> Self {
        Self {
            executions: message.executions.into_iter().map(Into::into).collect(),
            next_page_token: message.next_page_token,
        }
    }
}

impl From<proto::CountExecutionsResponse> for Count {
    fn from(message: proto::CountExecutionsResponse) -> Self {
        let mut count = Self { total: message.count, by_status: [].into() };
        for entry in message.by_status {
            *count.by_status.entry(ExecutionStatus::from_number(entry.status)).or_default() += entry.count;
        }
        count
    }
}

impl From<proto::WorkDirective> for Directive {
    fn from(message: proto::WorkDirective) -> Self {
        use proto::work_directive::Directive as Kind;
        let (kind, reason, forced_at) = match message.directive {
            Some(Kind::CancelRequested(asked)) => {
                (DirectiveKind::CancelRequested, asked.reason, asked.forced_at)
            }
            Some(Kind::LeaseLost(lost)) => (DirectiveKind::LeaseLost, lost.cause, None),
            Some(Kind::Drain(_)) | None => (DirectiveKind::Unknown, String::new(), None),
        };
        Self { id: message.id, attempt: message.attempt, kind, reason, forced_at: moment(forced_at) }
    }
}

impl WatchMessage {
    pub(crate) fn of_one(id: &str, message: proto::WatchExecutionResponse) -> Self {
        Self {
            id: id.to_owned(),
            revision: message.revision,
            event: WatchEvent::from_number(message.event),
            change: message.change.map(Into::into),
            execution: message.execution.map(Into::into),
        }
    }
}

impl From<proto::WatchExecutionsResponse> for WatchMessage {
    fn from(message: proto::WatchExecutionsResponse) -> Self {
        Self {
            id: message.id,
            revision: message.revision,
            event: WatchEvent::from_number(message.event),
            change: message.change.map(Into::into),
            execution: message.execution.map(Into::into),
        }
    }
}

impl From<proto::GetServerInfoResponse> for ServerInfo {
    fn from(message: proto::GetServerInfoResponse) -> Self {
        Self {
            version: message.version,
            store: crate::StoreKind::from_number(message.store_kind),
            durability: crate::DurabilityClass::from_number(message.durability),
            partitions: message.partitions,
            limits: message.limits.map(Into::into).unwrap_or_default(),
        }
    }
}

impl From<proto::ServerLimits> for ServerLimits {
    fn from(message: proto::ServerLimits) -> Self {
        Self {
            message_bytes: message.message_bytes,
            batch_size: message.batch_size,
            page_size: message.page_size,
            checkpoints: message.checkpoints,
            calls_under_way: message.calls_under_way,
            watches_per_connection: message.watches_per_connection,
            default_deadline: span(message.default_deadline),
            max_deadline: span(message.max_deadline),
        }
    }
}

/// The execution that every answer has.
pub(crate) fn execution(message: Option<proto::Execution>) -> Execution {
    message.unwrap_or_default().into()
}

fn moment(message: Option<prost_types::Timestamp>) -> Option<SystemTime> {
    message.and_then(|timestamp| timestamp.try_into().ok())
}

fn span(message: Option<prost_types::Duration>) -> Option<Duration> {
    message.and_then(|duration| duration.try_into().ok())
}
