//! What the client answers, as the scenario writes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use croco_execution_client::{
    Batch, Code, Count, Directive, Execution, HistoryEntry, Problem, Progress, ServerInfo, WatchMessage,
};
use serde_json::{Value, json};

pub fn execution(it: &Execution) -> Value {
    let mut plain = json!({
        "id": it.id, "type": it.r#type, "status": it.status.as_str(), "status_reason": it.status_reason.as_str(),
        "payload": it.payload, "has_payload": it.payload.is_some(),
        "result": it.result, "has_result": it.result.is_some(),
        "attempts": it.attempts, "max_attempts": it.max_attempts,
        "created_at": moment(it.created_at), "updated_at": moment(it.updated_at),
        "started_at": moment(it.started_at), "completed_at": moment(it.completed_at),
        "timeout": span(it.timeout), "start_timeout": span(it.start_timeout), "total_timeout": span(it.total_timeout),
        "idempotency_key": it.idempotency_key, "parent_id": it.parent_id,
        "metadata": it.metadata, "labels": it.labels,
        "checkpoints": it.checkpoints, "checkpoint_sizes": it.checkpoint_sizes,
        "progress": it.progress.as_ref().map(progress), "revision": it.revision,
        "history": it.history.iter().map(change).collect::<Vec<_>>(), "status_changes": it.status_changes,
        "cancellation_reason": it.cancellation_reason,
        "cancellation_requested_at": moment(it.cancellation_requested_at),
        "cancellation_forced_at": moment(it.cancellation_forced_at),
        "next_attempt_at": moment(it.next_attempt_at), "expires_at": moment(it.expires_at),
        "scheduled_at": moment(it.scheduled_at), "priority": it.priority,
        "crashes": it.crashes, "max_crashes": it.max_crashes, "refunded_attempts": it.refunded_attempts,
        "trace_parent": it.trace_parent,
    });
    plain["error"] = it.error.as_ref().map_or(Value::Null, |error| {
        json!({
            "message": error.message, "code": error.code, "stack": error.stack, "retryable": error.retryable,
            "retry_delay": span(error.retry_delay), "details": error.details,
        })
    });
    plain["retry_policy"] = it.retry_policy.as_ref().map_or(Value::Null, |policy| {
        json!({
            "initial_interval": span(policy.initial_interval), "backoff_coefficient": policy.backoff_coefficient,
            "maximum_interval": span(policy.maximum_interval), "jitter": policy.jitter,
            "non_retryable_codes": policy.non_retryable_codes, "retry_timeouts": policy.retry_timeouts,
        })
    });
    plain["retention"] = it.retention.as_ref().map_or(
        Value::Null,
        |retention| json!({"succeeded": span(retention.succeeded), "failed": span(retention.failed)}),
    );
    plain["lease"] = it.lease.as_ref().map_or(Value::Null, |lease| {
        json!({
            "worker_id": lease.worker_id, "duration": span(lease.duration), "expires_at": moment(lease.expires_at),
        })
    });
    plain
}

pub fn executions(all: &[Execution]) -> Value {
    json!({"executions": all.iter().map(execution).collect::<Vec<_>>()})
}

pub fn created(it: &Execution, created: bool) -> Value {
    let mut plain = execution(it);
    plain["created"] = created.into();
    plain
}

pub fn count(it: &Count) -> Value {
    let by_status = it.by_status.iter().map(|(status, count)| (status.to_string(), Value::from(*count)));
    json!({"total": it.total, "by_status": by_status.collect::<serde_json::Map<_, _>>()})
}

pub fn batch(it: &Batch) -> Value {
    let result = |part: &Result<_, Problem>| match part {
        Ok(croco_execution_client::BatchExecution { execution: it, created, cut, .. }) => {
            json!({"execution": execution(it), "created": created, "cut": cut})
        }
        Err(refusal) => json!({"problem": problem(refusal)}),
    };
    json!({"results": it.iter().map(result).collect::<Vec<_>>()})
}

pub fn server_info(it: &ServerInfo) -> Value {
    json!({
        "version": it.version, "store": it.store.as_str(), "partitions": it.partitions,
        "durability": it.durability.as_str(),
    })
}

pub fn directives(all: &[Directive]) -> Value {
    let plain = all.iter().map(|it| {
        json!({
            "id": it.id, "attempt": it.attempt, "kind": it.kind.as_str(), "reason": it.reason,
            "forced_at": moment(it.forced_at),
        })
    });
    json!({"directives": plain.collect::<Vec<_>>()})
}

pub fn message(it: &WatchMessage) -> Value {
    json!({
        "id": it.id, "revision": it.revision, "event": it.event.as_str(), "change": it.change.as_ref().map(change),
        "execution": it.execution.as_ref().map(execution),
    })
}

pub fn problem(it: &Problem) -> Value {
    let details = it.details();
    let fields: Vec<_> = details.field_violations.iter().map(|violation| &violation.field).collect();
    // The variant is what Debug begins with.
    let debug = format!("{it:?}");
    let variant = debug.split([' ', '{']).next();
    json!({
        "code": code(details.code), "reason": details.reason, "metadata": details.metadata, "fields": fields,
        "type": variant, "message": details.message, "local": matches!(it, Problem::InvalidArgument { .. }),
    })
}

/// gRPC's name of a code: NOT_FOUND for NotFound.
fn code(code: Code) -> String {
    let mut name = String::new();
    for letter in format!("{code:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

fn change(it: &HistoryEntry) -> Value {
    json!({
        "revision": it.revision, "at": moment(it.at), "from": it.from.map(|status| status.to_string()),
        "to": it.to.as_str(), "reason": it.reason.as_str(), "attempt": it.attempt, "actor": it.actor,
    })
}

fn progress(it: &Progress) -> Value {
    json!({
        "current": it.current, "total": it.total, "message": it.message, "percent": it.percent, "attempt": it.attempt,
    })
}

fn moment(moment: Option<SystemTime>) -> Option<u64> {
    span(moment.map(|moment| moment.duration_since(UNIX_EPOCH).unwrap_or_default()))
}

fn span(span: Option<Duration>) -> Option<u64> {
    span.map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
