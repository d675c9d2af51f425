//! What many calls take: a name for the call, the attempt and the revision that must be current, and a view.

use crate::{Call, View, call::sealed::Sealed, proto};

/// A request that changes something.
pub trait Changing: Sealed {
    #[doc(hidden)]
    fn request_id(&mut self) -> &mut String;
}

/// A request that may expect a revision.
pub trait Guarded: Sealed {
    #[doc(hidden)]
    fn expected_revision(&mut self) -> &mut Option<i64>;
}

/// A request of whoever runs an attempt.
pub trait Fenced: Sealed {
    #[doc(hidden)]
    fn attempt(&mut self) -> &mut Option<i32>;
}

/// A request whose answer has a view.
pub trait Viewed {
    #[doc(hidden)]
    fn view(&mut self) -> &mut i32;
}

impl<R: Changing> Call<R> {
    /// Names the call, so that you can repeat it: its effect happens once.
    pub fn request_id(self, request_id: impl Into<String>) -> Self {
        self.with(|request| *request.request_id() = request_id.into())
    }
}

impl<R: Guarded> Call<R> {
    /// The revision that the execution must have, else the call is refused with `RevisionMismatch`.
    pub fn expected_revision(self, revision: i64) -> Self {
        self.with(|request| *request.expected_revision() = Some(revision))
    }
}

impl<R: Fenced> Call<R> {
    /// The attempt that the caller runs. If it is over the call is refused with `AttemptFenced`.
    pub fn attempt(self, attempt: i32) -> Self {
        self.with(|request| *request.attempt() = Some(attempt))
    }
}

impl<R: Viewed> Call<R> {
    /// How much of the execution to answer, instead of what the verb says.
    pub fn view(self, view: View) -> Self {
        self.with(|request| *request.view() = view.number())
    }
}

/// Implements one of the traits for the messages that have the field.
macro_rules! have {
    ($trait:ident, $field:ident: $type:ty; $($request:ident)*) => {$(
        impl $trait for proto::$request {
            fn $field(&mut self) -> &mut $type {
                &mut self.$field
            }
        }
    )*};
}

have! { Changing, request_id: String;
    CreateExecutionRequest UpdateExecutionRequest DeleteExecutionRequest StartExecutionRequest
    CompleteExecutionRequest FailExecutionRequest CancelExecutionRequest RetryExecutionRequest
    TimeOutExecutionRequest UpdateProgressRequest SaveCheckpointRequest ReleaseExecutionRequest
}

have! { Guarded, expected_revision: Option<i64>;
    UpdateExecutionRequest DeleteExecutionRequest StartExecutionRequest CompleteExecutionRequest
    FailExecutionRequest CancelExecutionRequest RetryExecutionRequest TimeOutExecutionRequest
    UpdateProgressRequest SaveCheckpointRequest ReleaseExecutionRequest
}

have! { Fenced, attempt: Option<i32>;
    CompleteExecutionRequest FailExecutionRequest TimeOutExecutionRequest UpdateProgressRequest
    SaveCheckpointRequest ReleaseExecutionRequest
}

have! { Viewed, view: i32;
    GetExecutionRequest GetExecutionByIdempotencyKeyRequest ListExecutionsRequest WatchExecutionRequest
    WaitExecutionRequest BatchCreateExecutionsRequest BatchGetExecutionsRequest
}
