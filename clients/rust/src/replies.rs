//! What verbs answer beside executions.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use crate::{
    DirectiveKind, DurabilityClass, Execution, ExecutionStatus, HistoryEntry, Problem, StoreKind, WatchEvent,
};

/// Some of the executions of a list.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The executions, in order.
    pub executions: Vec<Execution>,
    /// Asks for the next page; empty means that no more follow.
    pub next_page_token: String,
}

/// How many executions match, in all and in each status that the filter allows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Count {
    /// In all.
    pub total: i64,
    /// By status; those that this client does not know are counted together.
    pub by_status: BTreeMap<ExecutionStatus, i64>,
}

/// What a worker has to do about an attempt that it holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Directive {
    /// The execution.
    pub id: String,
    /// The attempt.
    pub attempt: i32,
    /// What to do.
    pub kind: DirectiveKind,
    /// Why.
    pub reason: String,
    /// When the server cancels by itself.
    pub forced_at: Option<SystemTime>,
}

/// What a watch tells.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WatchMessage {
    /// The execution; empty for a bookmark.
    pub id: String,
    /// The cursor: a watch with it as `after_revision` goes on from here.
    pub revision: i64,
    /// What the message is about.
    pub event: WatchEvent,
    /// The status change, for `StatusChanged` only.
    pub change: Option<HistoryEntry>,
    /// The execution as of `revision`. `None` where a later message of the same watch has already overtaken it, and
    /// for `Bookmark`, `Deleted` and `Missing`.
    pub execution: Option<Execution>,
}

/// One execution of a batch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BatchExecution {
    /// The execution.
    pub execution: Execution,
    /// Whether this request, or the one it repeats, created it; never for `batch_get`.
    pub created: bool,
    /// Whether it is cut to id, type, status, attempts, revision and times, because the answer would be too large.
    pub cut: bool,
}

/// What became of each part of a batch, in their order.
pub type Batch = Vec<Result<BatchExecution, Problem>>;

/// What a server is and what it takes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The server's version.
    pub version: String,
    /// Where the state is.
    pub store: StoreKind,
    /// What an acknowledged change survives.
    pub durability: DurabilityClass,
    /// Into how many partitions the store is divided.
    pub partitions: i32,
    /// What the server takes.
    pub limits: ServerLimits,
}

/// What a server takes.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// Bytes of a request, and of an answer.
    pub message_bytes: i32,
    /// Entries of a batch.
    pub batch_size: i32,
    /// Executions on a page of a list.
    pub page_size: i32,
    /// Checkpoints of an execution.
    pub checkpoints: i32,
    /// Calls under way in one process of the server.
    pub calls_under_way: i32,
    /// Watches and waits on one connection.
    pub watches_per_connection: i32,
    /// The deadline of a call that brings none.
    pub default_deadline: Option<Duration>,
    /// The longest that a call may take, whatever deadline it brings.
    pub max_deadline: Option<Duration>,
}
