//! The words of the contract: its enums, each with the name that the contract gives it in lower case.

use std::{fmt, str::FromStr};

use crate::{Problem, proto};

/// Makes an enum of the contract: a variant, its number in the contract and its name.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:expr, $word:literal;)* } else $unknown:literal) => {
        $(#[$about])*
        #[non_exhaustive]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            #[doc = $unknown]
            #[default]
            Unknown,
        }

        impl $name {
            /// Its name, as the contract has it, in lower case.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown => "unknown",
                }
            }

            pub(crate) fn from_number(number: i32) -> Self {
                match number {
                    $(number if number == $number => Self::$variant,)*
                    _ => Self::Unknown,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Problem;

            fn from_str(word: &str) -> Result<Self, Problem> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Problem::invalid(format!(concat!("{:?} is no ", stringify!($name), "."), word))),
                }
            }
        }
    };
}

words! {
    /// Where an execution stands.
    ExecutionStatus {
        /// Created and not started yet.
        Pending = proto::ExecutionStatus::Pending as i32, "pending";
        /// An attempt is under way.
        Running = proto::ExecutionStatus::Running as i32, "running";
        /// Done, with its result. Final.
        Completed = proto::ExecutionStatus::Completed as i32, "completed";
        /// The last attempt failed and none follows by itself.
        Failed = proto::ExecutionStatus::Failed as i32, "failed";
        /// An attempt ended and another may be started.
        Retrying = proto::ExecutionStatus::Retrying as i32, "retrying";
        /// The last attempt ran out of time.
        TimedOut = proto::ExecutionStatus::TimedOut as i32, "timed_out";
        /// Called off. Final.
        Cancelled = proto::ExecutionStatus::Cancelled as i32, "cancelled";
    } else "A status that this version of the client does not know. Never at rest."
}

impl ExecutionStatus {
    /// Whether the execution stays there until somebody retries it; completed and cancelled are final.
    #[must_use]
    pub fn at_rest(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::TimedOut | Self::Cancelled)
    }

    /// Whether it is known to be on its way: a status that this client does not know is neither this nor at rest.
    pub(crate) fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Running | Self::Retrying)
    }

    pub(crate) fn number(self) -> i32 {
        proto::ExecutionStatus::from_str_name(&format!("EXECUTION_STATUS_{}", self.as_str().to_uppercase()))
            .unwrap_or_default()
            .into()
    }
}

words! {
    /// Why an execution has the status it has.
    StatusReason {
        /// Pending: it was created.
        Created = proto::StatusReason::Created as i32, "created";
        /// Running: an attempt was started.
        Started = proto::StatusReason::Started as i32, "started";
        /// Completed: the work reported success.
        Succeeded = proto::StatusReason::Succeeded as i32, "succeeded";
        /// Retrying: the attempt failed, may be repeated, and attempts are left.
        RetryableFailure = proto::StatusReason::RetryableFailure as i32, "retryable_failure";
        /// Failed: a repetition cannot mend it.
        NonRetryableFailure = proto::StatusReason::NonRetryableFailure as i32, "non_retryable_failure";
        /// Failed: it could be repeated, but no attempts are left.
        AttemptsExhausted = proto::StatusReason::AttemptsExhausted as i32, "attempts_exhausted";
        /// Timed out: the server saw the attempt's timeout pass.
        AttemptTimeout = proto::StatusReason::AttemptTimeout as i32, "attempt_timeout";
        /// Timed out: `time_out` was called.
        ReportedTimeout = proto::StatusReason::ReportedTimeout as i32, "reported_timeout";
        /// Cancelled: `cancel` was called.
        CancelRequested = proto::StatusReason::CancelRequested as i32, "cancel_requested";
        /// Retrying: `retry` was called.
        ManualRetry = proto::StatusReason::ManualRetry as i32, "manual_retry";
        /// Failed: `fail` gave up on an execution that was waiting for its next attempt.
        GivenUp = proto::StatusReason::GivenUp as i32, "given_up";
        /// Cancelled: nobody started it in time.
        StartExpired = proto::StatusReason::StartExpired as i32, "start_expired";
        /// The server saw the total timeout pass.
        TotalTimeout = proto::StatusReason::TotalTimeout as i32, "total_timeout";
        /// Retrying: the attempt timed out and the retry policy repeats those.
        AutomaticRetry = proto::StatusReason::AutomaticRetry as i32, "automatic_retry";
        /// Retrying: the worker did not keep its lease.
        LeaseExpired = proto::StatusReason::LeaseExpired as i32, "lease_expired";
        /// Failed: more workers were lost with it than it may cost.
        CrashesExhausted = proto::StatusReason::CrashesExhausted as i32, "crashes_exhausted";
        /// Retrying: the worker gave it back.
        Released = proto::StatusReason::Released as i32, "released";
    } else "A reason that this version of the client does not know."
}

words! {
    /// What a message of a watch is about.
    WatchEvent {
        /// The execution as it is.
        Snapshot = proto::WatchEvent::Snapshot as i32, "snapshot";
        /// One status change, in `change`.
        StatusChanged = proto::WatchEvent::StatusChanged as i32, "status_changed";
        /// Anything else changed. Several changes may be one message.
        Updated = proto::WatchEvent::Updated as i32, "updated";
        /// Of `watch_all` only: the snapshot is complete.
        Bookmark = proto::WatchEvent::Bookmark as i32, "bookmark";
        /// Of `watch_all` only: the execution was removed.
        Deleted = proto::WatchEvent::Deleted as i32, "deleted";
        /// Of `watch_all` only, and made by the client: while the connection was lost the execution was deleted, or
        /// came to a status that the watch does not ask for.
        Missing = MADE_HERE, "missing";
    } else "An event that this version of the client does not know."
}

/// No event of the contract has it.
const MADE_HERE: i32 = -1;

/// What a worker has to do about an attempt that it holds.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveKind {
    /// Stop: somebody asked for its cancellation, for the reason given.
    CancelRequested,
    /// Forget it: it ended for the status reason given. What the worker still writes of it is refused.
    LeaseLost,
    /// Something that this version of the client does not know.
    Unknown,
}

impl DirectiveKind {
    /// Its name, as the contract has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CancelRequested => "cancel_requested",
            Self::LeaseLost => "lease_lost",
            Self::Unknown => "unknown",
        }
    }
}

words! {
    /// The kind of store that a server keeps executions in.
    StoreKind {
        /// The memory of the server's process: for trying things out.
        Memory = proto::StoreKind::Memory as i32, "memory";
        /// One Redis or Valkey server.
        Standalone = proto::StoreKind::Standalone as i32, "standalone";
        /// A Redis or Valkey server whose failover Sentinels decide.
        Sentinel = proto::StoreKind::Sentinel as i32, "sentinel";
        /// A Redis or Valkey cluster.
        Cluster = proto::StoreKind::Cluster as i32, "cluster";
    } else "A kind that this version of the client does not know."
}

words! {
    /// What a change survives once it is acknowledged.
    DurabilityClass {
        /// The last changes may be lost with the store's process, machine or primary.
        Relaxed = proto::DurabilityClass::Relaxed as i32, "relaxed";
        /// It is on the disk of the store's primary.
        Local = proto::DurabilityClass::Local as i32, "local";
        /// As `Local`, and the replicas that may take over have it.
        Replicated = proto::DurabilityClass::Replicated as i32, "replicated";
    } else "Not known."
}

/// How much of an execution an answer carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Without payload, result, checkpoints, history and the error's stack.
    Basic,
    /// Everything.
    Full,
}

impl View {
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Basic => proto::ExecutionView::Basic.into(),
            Self::Full => proto::ExecutionView::Full.into(),
        }
    }
}
