//! The verbs for many executions in one call.

use crate::{
    Batch, BatchExecution, Call, ExecutionClient, call::verbs, from_wire::execution, proto,
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
    /// Takes what `create` answers; what of it cannot be sent comes out of the call, and nothing is created.
    pub fn batch_create(
        &self,
        creations: impl IntoIterator<Item = Call<proto::CreateExecutionRequest>>,
    ) -> Call<proto::BatchCreateExecutionsRequest> {
        let creations = creations.into_iter().map(|call| call.request);
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

fn created(part: proto::BatchCreateOutcome) -> Result<BatchExecution, crate::Problem> {
    use proto::batch_create_outcome::Outcome;
    match part.outcome {
        Some(Outcome::Refusal(refusal)) => Err(problem_of_part(refusal)),
        Some(Outcome::Execution(message)) => {
            Ok(BatchExecution { execution: message.into(), created: part.created, cut: part.cut })
        }
        None => Ok(BatchExecution { execution: execution(None), created: part.created, cut: part.cut }),
    }
}

fn found(part: proto::BatchGetOutcome) -> Result<BatchExecution, crate::Problem> {
    use proto::batch_get_outcome::Outcome;
    match part.outcome {
        Some(Outcome::Refusal(refusal)) => Err(problem_of_part(refusal)),
        Some(Outcome::Execution(message)) => {
            Ok(BatchExecution { execution: message.into(), created: false, cut: part.cut })
        }
        None => Ok(BatchExecution { execution: execution(None), created: false, cut: part.cut }),
    }
}
