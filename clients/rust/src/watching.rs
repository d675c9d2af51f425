//! What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat.
//!
//! Nothing here does I/O: `watches.rs` asks for `request`, feeds every message to `take` and tells what it answers, and
//! asks `ended` when a stream has ended well.

use std::collections::HashMap;

use tonic::{Status, Streaming, transport::Channel};

use crate::{
    ExecutionStatus, WatchEvent, WatchMessage,
    call::stubs,
    proto::{
        ExecutionFilter, WatchExecutionRequest, WatchExecutionResponse, WatchExecutionsRequest,
        WatchExecutionsResponse,
    },
};

/// What the two kinds of watch have in common.
pub(crate) trait Watching: Send + 'static {
    type Request: Send;
    type Message: Send;

    /// What to ask for next.
    fn request(&mut self) -> Self::Request;

    fn open(
        channel: Channel,
        request: tonic::Request<Self::Request>,
    ) -> impl Future<Output = Result<Streaming<Self::Message>, Status>> + Send;

    /// Take note of a message and answer what is to be told of it.
    fn take(&mut self, message: Self::Message) -> Vec<WatchMessage>;

    /// Tell whether a stream that ended with OK is the end of the watch.
    fn ended(&self) -> bool;
}

/// A watch of one execution. Its cursor is the revision, in the request to come.
pub(crate) struct WatchingOne {
    request: WatchExecutionRequest,
    status: Option<ExecutionStatus>,
}

impl WatchingOne {
    pub(crate) fn new(request: WatchExecutionRequest) -> Self {
        Self { request, status: None }
    }
}

impl Watching for WatchingOne {
    type Request = WatchExecutionRequest;
    type Message = WatchExecutionResponse;

    fn request(&mut self) -> WatchExecutionRequest {
        self.request.clone()
    }

    async fn open(
        channel: Channel,
        request: tonic::Request<WatchExecutionRequest>,
    ) -> Result<Streaming<WatchExecutionResponse>, Status> {
        Ok(stubs::executions(channel).watch_execution(request).await?.into_inner())
    }

    fn take(&mut self, message: WatchExecutionResponse) -> Vec<WatchMessage> {
        if let Some(status) = status_of(message.execution.as_ref(), message.change.as_ref()) {
            self.status = Some(ExecutionStatus::from_number(status));
        }
        if self.request.after_revision.is_some_and(|told| message.revision <= told) {
            return Vec::new();
        }
        self.request.after_revision = Some(message.revision);
        if WatchEvent::from_number(message.event) == WatchEvent::Bookmark {
            return Vec::new();
        }
        vec![WatchMessage::of_one(&self.request.id, message)]
    }

    /// The server knows best: with `after_revision` no message may have told the status, and a newer server may have
    /// final statuses that are unknown here. Only what is known to be active was cut off.
    fn ended(&self) -> bool {
        !self.request.follow && !self.status.is_some_and(ExecutionStatus::is_active)
    }
}

/// A watch of all executions that match a filter. Has no cursor: it knows the revision of each execution instead.
///
/// A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not changed is
/// not told again, and what is not in it any more is told as `Missing`.
pub(crate) struct WatchingAll {
    filter: ExecutionFilter,
    snapshot: bool,
    known: HashMap<String, i64>,
    /// What the snapshot under way has not shown yet.
    unseen: Option<HashMap<String, i64>>,
}

impl WatchingAll {
    pub(crate) fn new(request: WatchExecutionsRequest) -> Self {
        Self {
            filter: request.filter.unwrap_or_default(),
            snapshot: request.snapshot,
            known: HashMap::new(),
            unseen: None,
        }
    }

    /// Keep the revision, or forget the execution if it left the filter: no snapshot will hold it.
    ///
    /// The status is the only part of a filter that an execution can leave.
    fn remember(&mut self, message: &WatchExecutionsResponse) {
        let status = status_of(message.execution.as_ref(), message.change.as_ref()).unwrap_or_default();
        let asked_for = &self.filter.statuses;
        if asked_for.is_empty() || status == 0 || asked_for.contains(&status) {
            self.known.insert(message.id.clone(), message.revision);
        } else {
            self.known.remove(&message.id);
        }
    }

    fn end_of_snapshot(&mut self, message: WatchExecutionsResponse) -> Vec<WatchMessage> {
        let Some(unseen) = self.unseen.take() else { return Vec::new() };
        let mut told = Vec::with_capacity(unseen.len() + 1);
        for (id, revision) in unseen {
            self.known.remove(&id);
            told.push(WatchMessage {
                id,
                revision,
                event: WatchEvent::Missing,
                change: None,
                execution: None,
            });
        }
        told.push(message.into());
        told
    }
}

impl Watching for WatchingAll {
    type Request = WatchExecutionsRequest;
    type Message = WatchExecutionsResponse;

    /// Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on.
    fn request(&mut self) -> WatchExecutionsRequest {
        let snapshot = std::mem::replace(&mut self.snapshot, true);
        self.unseen = snapshot.then(|| self.known.clone());
        WatchExecutionsRequest { filter: Some(self.filter.clone()), snapshot }
    }

    async fn open(
        channel: Channel,
        request: tonic::Request<WatchExecutionsRequest>,
    ) -> Result<Streaming<WatchExecutionsResponse>, Status> {
        Ok(stubs::executions(channel).watch_executions(request).await?.into_inner())
    }

    fn take(&mut self, message: WatchExecutionsResponse) -> Vec<WatchMessage> {
        let event = WatchEvent::from_number(message.event);
        if event == WatchEvent::Bookmark {
            return self.end_of_snapshot(message);
        }
        if let Some(unseen) = &mut self.unseen {
            unseen.remove(&message.id);
        }
        if event == WatchEvent::Deleted {
            self.known.remove(&message.id);
        } else if self.known.get(&message.id).is_some_and(|told| message.revision <= *told) {
            return Vec::new();
        } else {
            self.remember(&message);
        }
        vec![message.into()]
    }

    /// Such a watch never ends by itself.
    fn ended(&self) -> bool {
        false
    }
}

fn status_of(
    execution: Option<&crate::proto::Execution>,
    change: Option<&crate::proto::HistoryEntry>,
) -> Option<i32> {
    execution.map(|execution| execution.status).or(change.map(|change| change.to))
}

#[cfg(test)]
mod tests;
