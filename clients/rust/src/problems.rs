//! Everything that a call may answer instead of an answer: one variant per `ErrorReason` of the contract, and a few that
//! the connection or this client make.
//!
//! The fields of a variant are the metadata of the reason's example in `error_reason.proto`.

use std::{collections::BTreeMap, fmt, time::Duration};

use tonic::Code;

use crate::ExecutionStatus;

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// What every problem says.
#[derive(Clone, Debug)]
pub struct Details {
    /// A sentence, for a person. Branch on the variant, never on the message.
    pub message: String,
    /// The canonical status code.
    pub code: Code,
    /// The name in `ErrorReason` without its prefix; empty if the service gave none.
    pub reason: String,
    /// What the service says beside it.
    pub metadata: BTreeMap<String, String>,
    /// What is wrong with which field, for `InvalidArgument`.
    pub field_violations: Vec<FieldViolation>,
    /// When to come back, where the service says so.
    pub retry_delay: Option<Duration>,
}

impl Details {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code,
            reason: String::new(),
            metadata: BTreeMap::new(),
            field_violations: Vec::new(),
            retry_delay: None,
        }
    }
}

/// Makes the enum out of a table: variant, reason, and the fields with their keys in the metadata.
macro_rules! problems {
    ($($(#[$doc:meta])* $variant:ident $reason:literal { $($field:ident: $type:ty = $key:literal),* })*) => {
        /// A call was refused, or has no answer.
        #[non_exhaustive]
        #[derive(Clone, Debug)]
        pub enum Problem {
            $(
                $(#[$doc])*
                $variant {
                    $(#[doc = concat!("`", $key, "` of the metadata.")] $field: $type,)*
                    /// What every problem says.
                    details: Box<Details>,
                },
            )*
            /// No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the
            /// same call with the same `request_id` may be made again.
            Unavailable {
                /// What every problem says.
                details: Box<Details>,
            },
            /// No answer came before the call's deadline, be it that the server cannot be reached. See `Unavailable`.
            DeadlineExceeded {
                /// What every problem says.
                details: Box<Details>,
            },
            /// The call was ended before its answer came.
            Cancelled {
                /// What every problem says.
                details: Box<Details>,
            },
            /// An argument cannot be sent: refused by this client, before anything was sent.
            InvalidArgument {
                /// What every problem says.
                details: Box<Details>,
            },
            /// Something that this version of the client does not know: `code` and `reason` say what.
            Other {
                /// What every problem says.
                details: Box<Details>,
            },
        }

        impl Problem {
            /// What every problem says.
            #[must_use]
            pub fn details(&self) -> &Details {
                match self {
                    $(Self::$variant { details, .. })|*
                    | Self::Unavailable { details }
                    | Self::DeadlineExceeded { details }
                    | Self::Cancelled { details }
                    | Self::InvalidArgument { details }
                    | Self::Other { details } => details,
                }
            }

            /// The problem that the details stand for: by their reason, else by their code.
            pub(crate) fn of(details: Details) -> Self {
                match details.reason.as_str() {
                    $($reason => Self::$variant {
                        $($field: FromText::read(&details.metadata, $key),)*
                        details: Box::new(details),
                    },)*
                    _ => Self::of_code(Box::new(details)),
                }
            }
        }
    };
}

problems! {
    /// A field of the request is missing, malformed or outside its limits.
    InvalidField "INVALID_FIELD" { field: String = "field" }
    /// A field of the request is larger than its limit.
    PayloadTooLarge "PAYLOAD_TOO_LARGE" { field: String = "field", size_bytes: i64 = "sizeBytes", limit_bytes: i64 = "limitBytes" }
    /// The page token was not made by this service, or was made for another filter or order.
    InvalidPageToken "INVALID_PAGE_TOKEN" { field: String = "field" }
    /// There is no such execution, or there is no more. One of the two is empty.
    ExecutionNotFound "EXECUTION_NOT_FOUND" { execution_id: String = "executionId", idempotency_key: String = "idempotencyKey" }
    /// The idempotency key belongs to an execution of another type or payload: `execution_id`.
    IdempotencyKeyReused "IDEMPOTENCY_KEY_REUSED" { idempotency_key: String = "idempotencyKey", execution_id: String = "executionId" }
    /// The status does not allow the call. `allowed` are the statuses that can follow `from`.
    InvalidStateTransition "INVALID_STATE_TRANSITION" {
        execution_id: String = "executionId", from: ExecutionStatus = "from", to: ExecutionStatus = "to", allowed: Vec<ExecutionStatus> = "allowed"
    }
    /// `retry` found no attempts left; `additional_attempts` would allow more.
    MaxRetriesExceeded "MAX_RETRIES_EXCEEDED" { execution_id: String = "executionId", attempts: i64 = "attempts", max_attempts: i64 = "maxAttempts" }
    /// Progress and checkpoints are taken while the execution is running only.
    ExecutionNotRunning "EXECUTION_NOT_RUNNING" { execution_id: String = "executionId", status: ExecutionStatus = "status" }
    /// `delete` without `force` takes only executions that are pending or at rest.
    ExecutionActive "EXECUTION_ACTIVE" { execution_id: String = "executionId", status: ExecutionStatus = "status" }
    /// The caller's attempt is over, so nothing of it is taken: stop working. `cause` says how the attempt ended.
    AttemptFenced "ATTEMPT_FENCED" {
        execution_id: String = "executionId", attempt: i64 = "attempt", current_attempt: i64 = "currentAttempt", status: ExecutionStatus = "status", cause: String = "cause"
    }
    /// The execution is not at the revision that the caller expects.
    RevisionMismatch "REVISION_MISMATCH" { execution_id: String = "executionId", expected_revision: i64 = "expectedRevision", revision: i64 = "revision" }
    /// Other callers kept changing the execution until the server gave up. Nothing was changed; call again.
    Contention "CONTENTION" { execution_id: String = "executionId" }
    /// The history does not reach back to the revision to resume after: watch again without `after_revision`.
    WatchRevisionCompacted "WATCH_REVISION_COMPACTED" { execution_id: String = "executionId", after_revision: i64 = "afterRevision", oldest_revision: i64 = "oldestRevision" }
    /// A quota of the deployment is used up. `retry_delay` says when to come back.
    QuotaExceeded "QUOTA_EXCEEDED" { limit: i64 = "limit" }
    /// All watches there may be are taken, or a watch of many executions was not read fast enough.
    TooManyWatches "TOO_MANY_WATCHES" { limit: i64 = "limit" }
    /// The execution would have more checkpoints than it may have. Nothing was saved.
    TooManyCheckpoints "TOO_MANY_CHECKPOINTS" { execution_id: String = "executionId", limit: i64 = "limit" }
    /// The service cannot reach its store. See `Unavailable`.
    StoreUnavailable "STORE_UNAVAILABLE" {}
    /// The server is about to stop; another one answers. `revision` is set for a watch only.
    ServerDraining "SERVER_DRAINING" { revision: i64 = "revision" }
    /// The call carries no credentials and needs some.
    CredentialsMissing "CREDENTIALS_MISSING" {}
    /// The call's credentials are unknown or have expired.
    CredentialsInvalid "CREDENTIALS_INVALID" {}
    /// The caller may not use this method.
    MethodForbidden "METHOD_FORBIDDEN" { method: String = "method" }
    /// A fault of the service. Its log has the cause under `incident_id`.
    Unexpected "UNEXPECTED" { incident_id: String = "incidentId" }
}

impl Problem {
    /// The canonical status code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.details().code
    }

    /// The name in `ErrorReason` without its prefix; empty if the service gave none.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.details().reason
    }

    /// What the service says beside it.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.details().metadata
    }

    /// When to come back, where the service says so.
    #[must_use]
    pub fn retry_delay(&self) -> Option<Duration> {
        self.details().retry_delay
    }

    /// An argument that cannot be sent.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::InvalidArgument { details: Box::new(Details::new(Code::InvalidArgument, message)) }
    }

    /// An answer that did not come.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { details: Box::new(Details::new(Code::Unavailable, message)) }
    }

    pub(crate) fn deadline_exceeded(message: impl Into<String>) -> Self {
        Self::DeadlineExceeded { details: Box::new(Details::new(Code::DeadlineExceeded, message)) }
    }

    fn of_code(details: Box<Details>) -> Self {
        match details.code {
            Code::Unavailable => Self::Unavailable { details },
            Code::DeadlineExceeded => Self::DeadlineExceeded { details },
            Code::Cancelled => Self::Cancelled { details },
            _ => Self::Other { details },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.details().message)
    }
}

impl std::error::Error for Problem {}

/// A value of the metadata, all of which are texts.
trait FromText: Default {
    fn from_text(text: &str) -> Self;

    fn read(metadata: &BTreeMap<String, String>, key: &str) -> Self {
        metadata.get(key).map(|text| Self::from_text(text)).unwrap_or_default()
    }
}

impl FromText for String {
    fn from_text(text: &str) -> Self {
        text.to_owned()
    }
}

impl FromText for i64 {
    fn from_text(text: &str) -> Self {
        text.parse().unwrap_or_default()
    }
}

impl FromText for ExecutionStatus {
    fn from_text(text: &str) -> Self {
        text.parse().unwrap_or_default()
    }
}

impl FromText for Vec<ExecutionStatus> {
    fn from_text(text: &str) -> Self {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(FromText::from_text).collect()
    }
}
