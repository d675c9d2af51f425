//! The verbs that change nothing.

use std::collections::VecDeque;

use futures_util::stream::try_unfold;

use crate::{
    Answers, Call, Count, Execution, ExecutionClient, Filter, Page, ServerInfo, call::verbs,
    from_wire::execution, proto,
};

verbs! {
    GetExecutionRequest: executions.get_execution(GetExecutionResponse) -> Execution = |response| execution(response.execution);
    GetExecutionByIdempotencyKeyRequest: executions.get_execution_by_idempotency_key(GetExecutionByIdempotencyKeyResponse) -> Execution = |response| execution(response.execution);
    ListExecutionsRequest: executions.list_executions(ListExecutionsResponse) -> Page = |response| response.into();
    CountExecutionsRequest: executions.count_executions(CountExecutionsResponse) -> Count = |response| response.into();
    GetServerInfoRequest: executions.get_server_info(GetServerInfoResponse) -> ServerInfo = |response| response.into();
}

/// The verbs that change nothing.
impl ExecutionClient {
    /// Answer an execution as last committed, in the full view by default.
    ///
    /// Problems: `ExecutionNotFound`.
    pub fn get(&self, id: impl Into<String>) -> Call<proto::GetExecutionRequest> {
        Call::new(self, proto::GetExecutionRequest { id: id.into(), ..Default::default() })
    }

    /// Answer the execution that holds an idempotency key, in the full view by default.
    ///
    /// Problems: `ExecutionNotFound`.
    pub fn get_by_idempotency_key(
        &self,
        key: impl Into<String>,
    ) -> Call<proto::GetExecutionByIdempotencyKeyRequest> {
        let idempotency_key = key.into();
        Call::new(self, proto::GetExecutionByIdempotencyKeyRequest { idempotency_key, ..Default::default() })
    }

    /// Answer all executions that match, newest first, in the basic view, asking for the next page when it is needed.
    ///
    /// The same as `list_page(filter).stream()`, which can be told more.
    pub fn list(&self, filter: Filter) -> Answers<Execution> {
        self.list_page(filter).stream()
    }

    /// Answer one page of the executions that match, newest first, in the basic view by default.
    ///
    /// Problems: `InvalidPageToken`: it was not made by this service for this filter and order.
    pub fn list_page(&self, filter: Filter) -> Call<proto::ListExecutionsRequest> {
        Call::new(self, proto::ListExecutionsRequest { filter: Some(filter.into()), ..Default::default() })
    }

    /// Answer how many executions match, in all and by status.
    pub fn count(&self, filter: Filter) -> Call<proto::CountExecutionsRequest> {
        Call::new(self, proto::CountExecutionsRequest { filter: Some(filter.into()) })
    }

    /// Answer what the server is and what it takes.
    pub fn server_info(&self) -> Call<proto::GetServerInfoRequest> {
        Call::new(self, proto::GetServerInfoRequest {})
    }
}

/// What `list_page` takes.
impl Call<proto::ListExecutionsRequest> {
    /// Oldest first.
    pub fn oldest_first(self) -> Self {
        self.with(|request| request.order_by = "created_at".to_owned())
    }

    /// How many to ask for at a time; without, the server decides.
    pub fn page_size(self, size: i32) -> Self {
        self.with(|request| request.page_size = size)
    }

    /// The `next_page_token` of the page before, which was asked for with the same filter and order.
    pub fn page_token(self, token: impl Into<String>) -> Self {
        self.with(|request| request.page_token = token.into())
    }

    /// This page and all that follow. A deadline is that of the call for one page.
    pub fn stream(self) -> Answers<Execution> {
        let pages = (Some(self), VecDeque::new());
        Answers::new(try_unfold(
            pages,
            |(mut next, mut page): (Option<Self>, VecDeque<Execution>)| async move {
                loop {
                    if let Some(execution) = page.pop_front() {
                        return Ok(Some((execution, (next, page))));
                    }
                    let Some(call) = next else { return Ok(None) };
                    let answer = call.clone().await?;
                    page = answer.executions.into();
                    let token = answer.next_page_token;
                    next = (!token.is_empty()).then(|| call.page_token(token));
                }
            },
        ))
    }
}
