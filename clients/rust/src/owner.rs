//! The verbs of those who have work done. Unless they say otherwise they answer the basic view.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::{
    Call, CreatedExecution, Execution, ExecutionClient, Retention, RetryPolicy,
    call::verbs,
    from_wire::execution,
    json::{to_struct, to_value},
    proto,
    to_wire::{new_request_id, to_duration, to_timestamp},
};

verbs! {
    CreateExecutionRequest: executions.create_execution(CreateExecutionResponse) -> CreatedExecution = |response| response.into();
    UpdateExecutionRequest: executions.update_execution(UpdateExecutionResponse) -> Execution = |response| execution(response.execution);
    DeleteExecutionRequest: executions.delete_execution(DeleteExecutionResponse) -> () = |_| ();
    CancelExecutionRequest: executions.cancel_execution(CancelExecutionResponse) -> Execution = |response| execution(response.execution);
    RetryExecutionRequest: executions.retry_execution(RetryExecutionResponse) -> Execution = |response| execution(response.execution);
}

/// The verbs of those who have work done.
impl ExecutionClient {
    /// Create a pending execution of a type and answer it in full, or the one that holds the idempotency key.
    ///
    /// Problems: `IdempotencyKeyReused`: the key belongs to an execution of another type or payload.
    pub fn create(&self, r#type: impl Into<String>) -> Call<proto::CreateExecutionRequest> {
        let request = proto::CreateExecutionRequest {
            r#type: r#type.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Replace those fields that the call is then given.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is completed or cancelled, where only metadata and
    /// labels may change.
    pub fn update(&self, id: impl Into<String>) -> Call<proto::UpdateExecutionRequest> {
        let request = proto::UpdateExecutionRequest {
            execution: Some(proto::Execution { id: id.into(), ..Default::default() }),
            update_mask: Some(prost_types::FieldMask::default()),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Remove an execution and its idempotency key.
    ///
    /// Problems: `ExecutionNotFound`; `ExecutionActive`: it is running or retrying, and the call has no `force`.
    pub fn delete(&self, id: impl Into<String>) -> Call<proto::DeleteExecutionRequest> {
        let request = proto::DeleteExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Pending, running or retrying to cancelled. On a cancelled execution it changes nothing.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is completed, failed or timed out.
    pub fn cancel(&self, id: impl Into<String>) -> Call<proto::CancelExecutionRequest> {
        let request = proto::CancelExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Failed or timed out to retrying: allow the next `start`. Starts nothing by itself.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: its status cannot be retried; `MaxRetriesExceeded`.
    pub fn retry(&self, id: impl Into<String>) -> Call<proto::RetryExecutionRequest> {
        let request = proto::RetryExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }
}

/// What `create` takes.
impl Call<proto::CreateExecutionRequest> {
    /// The input: whatever serde can serialise. `()` and `None` are JSON null; without this there is no payload.
    pub fn payload(self, payload: impl Serialize) -> Self {
        self.try_with(|request| Ok(request.payload = Some(to_value(&payload, "payload")?)))
    }

    /// How many attempts may be started: 3 without.
    pub fn max_attempts(self, attempts: i32) -> Self {
        self.with(|request| request.max_attempts = Some(attempts))
    }

    /// How long one attempt may take: no limit without.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.try_with(|request| Ok(request.timeout = Some(to_duration(timeout, "timeout")?)))
    }

    /// How long it may stay pending: no limit without.
    pub fn start_timeout(self, timeout: Duration) -> Self {
        self.try_with(|request| Ok(request.start_timeout = Some(to_duration(timeout, "start_timeout")?)))
    }

    /// How long all attempts and the waiting between them may take: no limit without.
    pub fn total_timeout(self, timeout: Duration) -> Self {
        self.try_with(|request| Ok(request.total_timeout = Some(to_duration(timeout, "total_timeout")?)))
    }

    /// When the next attempt comes after a failure: the contract's defaults without.
    pub fn retry_policy(self, policy: RetryPolicy) -> Self {
        self.try_with(|request| Ok(request.retry_policy = Some(policy.try_into()?)))
    }

    /// How long the record is kept once it is at rest: as the server is set without.
    pub fn retention(self, retention: Retention) -> Self {
        self.try_with(|request| Ok(request.retention = Some(retention.try_into()?)))
    }

    /// Workers get it not before this: at once without.
    pub fn scheduled_at(self, moment: SystemTime) -> Self {
        self.with(|request| request.scheduled_at = Some(to_timestamp(moment)))
    }

    /// Of what is ready, workers get the lowest first: 0 to 9, 5 without.
    pub fn priority(self, priority: i32) -> Self {
        self.with(|request| request.priority = Some(priority))
    }

    /// How many workers may be lost with it before it fails: 3 without.
    pub fn max_crashes(self, crashes: i32) -> Self {
        self.with(|request| request.max_crashes = Some(crashes))
    }

    /// Unique in the deployment: who creates with a key that there is gets the execution that has it.
    pub fn idempotency_key(self, key: impl Into<String>) -> Self {
        self.with(|request| request.idempotency_key = key.into())
    }

    /// The execution that this one belongs to.
    pub fn parent_id(self, id: impl Into<String>) -> Self {
        self.with(|request| request.parent_id = id.into())
    }

    /// Free data: what serialises to a JSON object.
    pub fn metadata(self, metadata: impl Serialize) -> Self {
        self.try_with(|request| Ok(request.metadata = Some(to_struct(&metadata, "metadata")?)))
    }

    /// Short texts.
    pub fn labels(self, labels: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let labels = labels.into_iter().map(|(key, value)| (key.into(), value.into()));
        self.with(|request| request.labels = labels.collect())
    }
}

/// What `delete` takes.
impl Call<proto::DeleteExecutionRequest> {
    /// Remove it even if it is running or retrying.
    pub fn force(self) -> Self {
        self.with(|request| request.force = true)
    }
}

/// What `cancel` takes.
impl Call<proto::CancelExecutionRequest> {
    /// Why, for a person. It is kept in `metadata["cancellationReason"]`.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.with(|request| request.reason = reason.into())
    }

    /// What is running gets this long to stop by itself, and is running in the answer; `cancellation_forced_at` tells
    /// until when.
    pub fn grace_period(self, grace: Duration) -> Self {
        self.try_with(|request| Ok(request.grace_period = Some(to_duration(grace, "grace_period")?)))
    }
}

/// What `retry` takes.
impl Call<proto::RetryExecutionRequest> {
    /// Raises `max_attempts` by this.
    pub fn additional_attempts(self, attempts: i32) -> Self {
        self.with(|request| request.additional_attempts = attempts)
    }
}
