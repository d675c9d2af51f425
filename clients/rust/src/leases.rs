//! The verbs of workers that cannot stream. Those that can need none of them: see `Worker`.

use std::time::Duration;

use crate::{
    Call, Directive, Execution, ExecutionClient,
    call::{sealed::Sealed, verbs},
    from_wire::execution,
    proto,
    to_wire::{new_request_id, to_duration},
};

/// How long a claim waits if it says nothing else, and how much longer its deadline is.
const WAIT: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);

verbs! {
    HeartbeatRequest: workers.heartbeat(HeartbeatResponse) -> Vec<Directive> = |response| response.directives.into_iter().map(Into::into).collect();
    ReleaseExecutionRequest: workers.release_execution(ReleaseExecutionResponse) -> Execution = |response| execution(response.execution);
}

impl Sealed for proto::ClaimExecutionsRequest {}

/// A claim is never repeated: what it was given comes back when the lease runs out.
impl crate::Verb for proto::ClaimExecutionsRequest {
    type Answer = Vec<Execution>;
    type Response = proto::ClaimExecutionsResponse;
    const REPEATED: bool = false;
    const LONG: bool = true;

    async fn send(
        channel: tonic::transport::Channel,
        request: tonic::Request<Self>,
    ) -> Result<tonic::Response<Self::Response>, tonic::Status> {
        crate::call::stubs::workers(channel).claim_executions(request).await
    }

    fn answer(response: Self::Response) -> Self::Answer {
        response.executions.into_iter().map(Into::into).collect()
    }

    fn deadline(&self, _: Duration) -> Duration {
        let wait = self.wait.and_then(|wait| wait.try_into().ok());
        wait.unwrap_or(WAIT).saturating_add(GRACE)
    }
}

/// The verbs of workers that cannot stream.
impl ExecutionClient {
    /// Start executions that are ready, each under a lease, and answer them in full; none if none came in time.
    ///
    /// Problems: `Unavailable`: there is no answer. It is not repeated: what it was given comes back when the lease
    /// runs out.
    pub fn claim(
        &self,
        worker_id: impl Into<String>,
        types: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<proto::ClaimExecutionsRequest> {
        let request = proto::ClaimExecutionsRequest {
            worker_id: worker_id.into(),
            types: types.into_iter().map(Into::into).collect(),
            ..Default::default()
        };
        Call::new(self, request).wait(WAIT)
    }

    /// Let leases begin anew, and answer what to do about those that are not simply to go on.
    ///
    /// `held` is the attempt that the worker runs of each execution, by its id.
    pub fn heartbeat(
        &self,
        held: impl IntoIterator<Item = (impl Into<String>, i32)>,
    ) -> Call<proto::HeartbeatRequest> {
        let held = held.into_iter().map(|(id, attempt)| proto::HeldAttempt { id: id.into(), attempt });
        Call::new(self, proto::HeartbeatRequest { held: held.collect() })
    }

    /// Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.
    ///
    /// Problems: `ExecutionNotFound`; `InvalidStateTransition`: it is not running; `AttemptFenced`.
    pub fn release(&self, id: impl Into<String>) -> Call<proto::ReleaseExecutionRequest> {
        let request = proto::ReleaseExecutionRequest {
            id: id.into(),
            request_id: new_request_id(),
            ..Default::default()
        };
        Call::new(self, request)
    }
}

/// What `claim` takes.
impl Call<proto::ClaimExecutionsRequest> {
    /// How many at most: 1 without.
    pub fn max_executions(self, executions: i32) -> Self {
        self.with(|request| request.max_executions = executions)
    }

    /// How long the worker may be silent before others get them: 30 s without.
    pub fn lease_duration(self, lease: Duration) -> Self {
        self.try_with(|request| Ok(request.lease_duration = Some(to_duration(lease, "lease_duration")?)))
    }

    /// How long to wait for the first: 20 s without.
    pub fn wait(self, wait: Duration) -> Self {
        self.try_with(|request| Ok(request.wait = Some(to_duration(wait, "wait")?)))
    }
}

/// What `release` takes.
impl Call<proto::ReleaseExecutionRequest> {
    /// When others may get it: at once without.
    pub fn delay(self, delay: Duration) -> Self {
        self.try_with(|request| Ok(request.delay = Some(to_duration(delay, "delay")?)))
    }
}
