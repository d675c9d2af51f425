//! The verbs for many executions in one call.

use crate::{
    Batch, BatchExecution, Call, ExecutionClient, Problem, call::verbs, from_wire::execution, proto,
    refusals::problem_of_part,
};

verbs! {
    BatchCreateExecutionsRequest: executions.batch_create_executions(BatchCreateExecutionsResponse) -> Batch = |response| response.outcomes.into_iter().map(created).collect();
    BatchGetExecutionsRequest: executions.batch_get_executions(BatchGetExecutionsResponse) -> Batch = |response| response.outcomes.into_iter().map(found).collect();
}

/// The verbs for many executions in one call. They answer the basic view, in the order of what is asked for.
impl ExecutionClient {
    /// Create many executions, each by itself: created, found or refused whatever becomes of the others.
    ///
    /// Takes what `create` answers; what of it cannot be sent comes out of the call with its place, and
    /// nothing is created.
    pub fn batch_create(
        &self,
        creations: impl IntoIterator<Item = Call<proto::CreateExecutionRequest>>,
    ) -> Call<proto::BatchCreateExecutionsRequest> {
        let creations = creations.into_iter().enumerate().map(|(at, call)| {
            call.request.map_err(|problem| Problem::invalid(format!("requests[{at}].{problem}")))
        });
        Call::new(self, proto::BatchCreateExecutionsRequest::default()).try_with(|batch| {
            batch.requests = creations.collect::<Result<_, _>>()?;
            Ok(())
        })
    }

    /// Answer many executions, each as last committed.
    pub fn batch_get(
        &self,
        ids: impl IntoIterator<Item = impl Into<String>>,
    ) -> Call<proto::BatchGetExecutionsRequest> {
        let ids = ids.into_iter().map(Into::into).collect();
        Call::new(self, proto::BatchGetExecutionsRequest { ids, ..Default::default() })
    }
}

fn created(part: proto::BatchCreateOutcome) -> Result<BatchExecution, Problem> {
    use proto::batch_create_outcome::Outcome;
    match part.outcome {
        Some(Outcome::Refusal(refusal)) => Err(problem_of_part(refusal)),
        Some(Outcome::Execution(message)) => {
            Ok(BatchExecution { execution: message.into(), created: part.created, cut: part.cut })
        }
        None => Ok(BatchExecution { execution: execution(None), created: part.created, cut: part.cut }),
    }
}

fn found(part: proto::BatchGetOutcome) -> Result<BatchExecution, Problem> {
    use proto::batch_get_outcome::Outcome;
    match part.outcome {
        Some(Outcome::Refusal(refusal)) => Err(problem_of_part(refusal)),
        Some(Outcome::Execution(message)) => {
            Ok(BatchExecution { execution: message.into(), created: false, cut: part.cut })
        }
        None => Ok(BatchExecution { execution: execution(None), created: false, cut: part.cut }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::ExecutionClient;

    #[tokio::test]
    async fn what_cannot_be_sent_is_named_with_its_place() {
        let client = ExecutionClient::new("127.0.0.1:9").unwrap();
        let fine = || client.create("t");
        for (wrong, path) in [
            (fine().payload(f64::NAN), "requests[1].payload "),
            (fine().timeout(Duration::MAX), "requests[1].timeout "),
        ] {
            let problem = client.batch_create([fine(), wrong]).await.unwrap_err();
            assert!(problem.to_string().starts_with(path), "{problem}");
        }
    }
}
