//! The verbs of those who do the work: an attempt's start, its end, and what it reports in between.

use serde::Serialize;

use crate::{
    Call, Execution, ExecutionClient, Failure, Progress,
    call::{sealed::Sealed, verbs},
    from_wire::execution,
    json::to_value,
    proto,
    to_wire::{new_request_id, to_values},
};

verbs! {
    StartExecutionRequest: executions.start_execution(StartExecutionResponse) -> Execution = |response| execution(response.execution);
    CompleteExecutionRequest: executions.complete_execution(CompleteExecutionResponse) -> Execution = |response| execution(response.execution);
    FailExecutionRequest: executions.fail_execution(FailExecutionResponse) -> Execution = |response| execution(response.execution);
    TimeOutExecutionRequest: executions.time_out_execution(TimeOutExecutionResponse) -> Execution = |response| execution(response.execution);
    UpdateProgressRequest: executions.update_progress(UpdateProgressResponse) -> Execution = |response| execution(response.execution);
    SaveCheckpointRequest: executions.save_checkpoint(SaveCheckpointResponse) -> Execution = |response| execution(response.execution);
}

/// The verbs of those who do the work. Unless they say otherwise they answer the basic view.
impl ExecutionClient {
    /// Pending or retrying to running: begin an attempt, whose number is the answer's `attempts`.
    ///
    /// Answers the full view, checkpoints included, so that the work can go on where it stopped.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it cannot be started; of several that race, one starts.
    pub fn start(&self, id: impl Into<String>) -> Call<proto::StartExecutionRequest> {
        let request = proto::StartExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Running to completed.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is not running; `AttemptFenced`.
    pub fn complete(&self, id: impl Into<String>) -> Call<proto::CompleteExecutionRequest> {
        let request = proto::CompleteExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Running to retrying if the failure is retryable and attempts are left, else to failed: the answer's status tells,
    /// and `next_attempt_at` when the retry policy wants the next attempt.
    ///
    /// Retrying to failed if it is permanent: give up.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is neither running nor retrying; `AttemptFenced`.
    pub fn fail(&self, id: impl Into<String>, failure: Failure) -> Call<proto::FailExecutionRequest> {
        let request = proto::FailExecutionRequest {
            id: id.into(),
            error: Some(*failure.error),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request).try_with(|_| failure.unsendable.map_or(Ok(()), |problem| Err(*problem)))
    }

    /// Running to timed out, for callers who know before the server does that the attempt is lost.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is not running; `AttemptFenced`.
    pub fn time_out(&self, id: impl Into<String>) -> Call<proto::TimeOutExecutionRequest> {
        let request = proto::TimeOutExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Replace the progress of a running execution.
    ///
    /// Problems: `ExecutionNotFound`; `ExecutionNotRunning`; `AttemptFenced`.
    pub fn update_progress(
        &self,
        id: impl Into<String>,
        current: impl Into<f64>,
        total: impl Into<f64>,
    ) -> Call<proto::UpdateProgressRequest> {
        let request = proto::UpdateProgressRequest {
            id: id.into(),
            progress: Some(Progress::new(current, total).into()),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }

    /// Keep one JSON value under a key, over every failure and retry; null removes the key. See `save_checkpoints`.
    pub fn save_checkpoint(
        &self,
        id: impl Into<String>,
        key: impl Into<String>,
        value: impl Serialize,
    ) -> Call<proto::SaveCheckpointRequest> {
        self.save_checkpoints(id, [(key, value)])
    }

    /// Keep several JSON values under their keys, all or none; null removes a key.
    ///
    /// Problems: `ExecutionNotFound`; `ExecutionNotRunning`; `TooManyCheckpoints`; `AttemptFenced`.
    pub fn save_checkpoints(
        &self,
        id: impl Into<String>,
        checkpoints: impl IntoIterator<Item = (impl Into<String>, impl Serialize)>,
    ) -> Call<proto::SaveCheckpointRequest> {
        let request = proto::SaveCheckpointRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request).checkpoints(checkpoints)
    }
}

/// A request that may carry progress and checkpoints, to keep with the same change.
pub trait Carrying: Sealed {
    #[doc(hidden)]
    fn progress(&mut self) -> &mut Option<proto::Progress>;
    #[doc(hidden)]
    fn checkpoints(&mut self) -> &mut std::collections::BTreeMap<String, prost_types::Value>;
}

macro_rules! carrying {
    ($($request:ident)*) => {$(
        impl Carrying for proto::$request {
            fn progress(&mut self) -> &mut Option<proto::Progress> {
                &mut self.progress
            }

            fn checkpoints(&mut self) -> &mut std::collections::BTreeMap<String, prost_types::Value> {
                &mut self.checkpoints
            }
        }
    )*};
}

carrying! { CompleteExecutionRequest FailExecutionRequest SaveCheckpointRequest }

impl<R: Carrying> Call<R> {
    /// Progress to keep with the same change.
    pub fn progress(self, progress: Progress) -> Self {
        self.with(|request| *request.progress() = Some(progress.into()))
    }

    /// Checkpoints to keep with the same change; null removes a key.
    pub fn checkpoints(
        self,
        checkpoints: impl IntoIterator<Item = (impl Into<String>, impl Serialize)>,
    ) -> Self {
        self.try_with(|request| Ok(request.checkpoints().extend(to_values(checkpoints, "checkpoints")?)))
    }
}

/// What `complete` takes.
impl Call<proto::CompleteExecutionRequest> {
    /// The output: whatever serde can serialise. `()` and `None` are JSON null; without this there is no result.
    pub fn result(self, result: impl Serialize) -> Self {
        self.try_with(|request| Ok(request.result = Some(to_value(&result, "result")?)))
    }
}

/// What `update_progress` takes.
impl Call<proto::UpdateProgressRequest> {
    /// What is being done, for a person.
    pub fn message(self, message: impl Into<String>) -> Self {
        self.with(|request| request.progress.get_or_insert_default().message = message.into())
    }

    /// 0 to 100, instead of what the server computes.
    pub fn percent(self, percent: impl Into<f64>) -> Self {
        self.with(|request| request.progress.get_or_insert_default().percent = Some(percent.into()))
    }
}
