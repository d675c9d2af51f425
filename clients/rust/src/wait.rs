//! `wait`: calls of `WaitExecution`, one after the other, until the execution is at rest.

use std::{future::IntoFuture, pin::Pin, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    Call, Execution, ExecutionClient, Problem, View, call::sealed::Sealed, from_wire::execution,
    pause::moment_after, proto, resume::Resume, to_wire::to_duration,
};

/// How long one call of a wait lasts: shorter than what proxies allow a silent call; and how much longer its deadline is.
const ONCE: Duration = Duration::from_secs(20);
const GRACE: Duration = Duration::from_secs(5);

impl Sealed for proto::WaitExecutionRequest {}

/// A long call, which stands in the way of no other.
impl crate::Verb for proto::WaitExecutionRequest {
    type Answer = (Execution, bool);
    type Response = proto::WaitExecutionResponse;
    const LONG: bool = true;

    async fn send(
        channel: tonic::transport::Channel,
        request: tonic::Request<Self>,
    ) -> Result<tonic::Response<Self::Response>, tonic::Status> {
        crate::call::stubs::executions(channel).wait_execution(request).await
    }

    fn answer(response: Self::Response) -> Self::Answer {
        (execution(response.execution), response.done)
    }
}

impl ExecutionClient {
    /// Wait until an execution is at rest, and answer it, in the full view by default.
    ///
    /// Goes on over lost connections and restarts of the service.
    ///
    /// Problems: `ExecutionNotFound`: there is no such execution, or there is no more; `Unavailable`, `DeadlineExceeded`:
    /// the service could not be reached before the timeout, give or take 5 s.
    pub fn wait(&self, id: impl Into<String>) -> Wait {
        Wait { client: self.clone(), id: id.into(), view: None, timeout: None }
    }
}

/// A wait in the making: `.await` it.
#[derive(Debug)]
#[must_use = "a call is made by .await"]
pub struct Wait {
    client: ExecutionClient,
    id: String,
    view: Option<View>,
    timeout: Option<Duration>,
}

impl Wait {
    /// How long to wait: for ever without. When it has passed the execution is answered as it is:
    /// `execution.status.at_rest()` tells.
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// How much of the execution to answer.
    pub fn view(self, view: View) -> Self {
        Self { view: Some(view), ..self }
    }

    async fn until_at_rest(self) -> Result<Execution, Problem> {
        let end = self.timeout.map(moment_after);
        let mut resume = Resume::new();
        loop {
            let left = end.map_or(ONCE, |end| end.saturating_duration_since(Instant::now()).min(ONCE));
            match self.once(left.max(Duration::from_millis(1))).await {
                Ok((execution, done)) => {
                    resume.succeeded();
                    if done || end.is_some_and(|end| Instant::now() >= end) {
                        return Ok(execution);
                    }
                }
                Err(problem) => {
                    let pause = resume.pause_after(&problem).ok_or_else(|| problem.clone())?;
                    if end.is_some_and(|end| Instant::now() + pause >= end) {
                        return Err(problem);
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    async fn once(&self, timeout: Duration) -> Result<(Execution, bool), Problem> {
        let timeout = Duration::from_millis(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        let request = proto::WaitExecutionRequest {
            id: self.id.clone(),
            timeout: Some(to_duration(timeout, "timeout")?),
            view: self.view.map(View::number).unwrap_or_default(),
        };
        Call::new(&self.client, request).deadline(timeout + GRACE).await
    }
}

impl IntoFuture for Wait {
    type Output = Result<Execution, Problem>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.until_at_rest())
    }
}
