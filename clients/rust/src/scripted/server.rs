//! The methods of the scripted server.

use futures_util::{StreamExt, stream, stream::BoxStream};
use tokio::sync::mpsc;
use tonic::{Request, Response, Status, Streaming};

use super::{Script, Session};
use crate::proto::*;

type Answer<T> = Result<Response<T>, Status>;

/// Implements a service: the methods that are written out, and the others as unimplemented.
macro_rules! service {
    (
        $trait:path { $($written:tt)* }
        unimplemented { $($method:ident($request:ty) -> $response:ty;)* }
    ) => {
        #[tonic::async_trait]
        impl $trait for Script {
            $($written)*

            $(async fn $method(&self, _: Request<$request>) -> Answer<$response> {
                Err(Status::unimplemented(stringify!($method)))
            })*
        }
    };
}

service! {
    execution_service_server::ExecutionService {
        type WatchExecutionStream = BoxStream<'static, Result<WatchExecutionResponse, Status>>;
        type WatchExecutionsStream = BoxStream<'static, Result<WatchExecutionsResponse, Status>>;

        async fn create_execution(&self, request: Request<CreateExecutionRequest>) -> Answer<CreateExecutionResponse> {
            self.called(&request.get_ref().request_id, request.metadata())?;
            Ok(Response::new(CreateExecutionResponse::default()))
        }

        async fn wait_execution(&self, request: Request<WaitExecutionRequest>) -> Answer<WaitExecutionResponse> {
            self.called("wait", request.metadata())?;
            Ok(Response::new(WaitExecutionResponse { execution: None, done: true }))
        }

        /// Never answers.
        async fn get_execution(&self, request: Request<GetExecutionRequest>) -> Answer<GetExecutionResponse> {
            self.called("get", request.metadata())?;
            std::future::pending().await
        }

        async fn watch_execution(&self, request: Request<WatchExecutionRequest>) -> Answer<Self::WatchExecutionStream> {
            self.called(&format!("{:?}", request.get_ref().after_revision), request.metadata())?;
            let told = self.state.lock().unwrap().watches.pop_front();
            Ok(Response::new(match told {
                Some(messages) => stream::iter(messages).boxed(),
                None => stream::pending().boxed(),
            }))
        }
    }
    unimplemented {
        get_execution_by_idempotency_key(GetExecutionByIdempotencyKeyRequest) -> GetExecutionByIdempotencyKeyResponse;
        list_executions(ListExecutionsRequest) -> ListExecutionsResponse;
        count_executions(CountExecutionsRequest) -> CountExecutionsResponse;
        update_execution(UpdateExecutionRequest) -> UpdateExecutionResponse;
        delete_execution(DeleteExecutionRequest) -> DeleteExecutionResponse;
        start_execution(StartExecutionRequest) -> StartExecutionResponse;
        complete_execution(CompleteExecutionRequest) -> CompleteExecutionResponse;
        fail_execution(FailExecutionRequest) -> FailExecutionResponse;
        cancel_execution(CancelExecutionRequest) -> CancelExecutionResponse;
        retry_execution(RetryExecutionRequest) -> RetryExecutionResponse;
        time_out_execution(TimeOutExecutionRequest) -> TimeOutExecutionResponse;
        update_progress(UpdateProgressRequest) -> UpdateProgressResponse;
        save_checkpoint(SaveCheckpointRequest) -> SaveCheckpointResponse;
        watch_executions(WatchExecutionsRequest) -> Self::WatchExecutionsStream;
        batch_create_executions(BatchCreateExecutionsRequest) -> BatchCreateExecutionsResponse;
        batch_get_executions(BatchGetExecutionsRequest) -> BatchGetExecutionsResponse;
        get_server_info(GetServerInfoRequest) -> GetServerInfoResponse;
    }
}

service! {
    worker_service_server::WorkerService {
        type WorkStream = BoxStream<'static, Result<WorkResponse, Status>>;

        async fn work(&self, request: Request<Streaming<WorkRequest>>) -> Answer<Self::WorkStream> {
            self.called("work", request.metadata())?;
            let (responses, told) = mpsc::unbounded_channel();
            let _ = self.sessions.send(Session { requests: request.into_inner(), responses });
            let told = stream::unfold(told, |mut told| async { told.recv().await.map(|next| (next, told)) });
            Ok(Response::new(told.boxed()))
        }

        async fn claim_executions(&self, request: Request<ClaimExecutionsRequest>) -> Answer<ClaimExecutionsResponse> {
            self.called("claim", request.metadata())?;
            Ok(Response::new(ClaimExecutionsResponse::default()))
        }
    }
    unimplemented {
        heartbeat(HeartbeatRequest) -> HeartbeatResponse;
        release_execution(ReleaseExecutionRequest) -> ReleaseExecutionResponse;
    }
}
