#![doc = include_str!("../README.md")]
//!
//! What the verbs mean word for word is said in the contract, whose messages and stubs are in [`proto`].

mod answers;
mod attempts;
mod batches;
mod call;
mod client;
mod connection;
mod failure;
mod filter;
mod from_wire;
mod guards;
mod json;
mod leases;
mod line;
mod metadata;
mod model;
mod owner;
mod pause;
mod problems;
mod queries;
mod refusals;
mod replies;
mod resume;
#[cfg(test)]
mod scripted;
mod settings;
mod statuses;
mod to_wire;
mod updates;
mod wait;
mod watches;
mod watching;
mod worker;

/// The generated code of the contract.
#[allow(clippy::all, clippy::pedantic, missing_docs)]
pub mod proto {
    include!("proto/croco.execution.v1.rs");
}

pub use answers::Answers;
pub use attempts::Carrying;
pub use call::{Call, Verb};
pub use client::{ClientBuilder, ExecutionClient};
pub use failure::{Failure, JobCancelled};
pub use filter::Filter;
pub use guards::{Changing, Fenced, Guarded, Viewed};
pub use model::{
    CreatedExecution, Execution, ExecutionError, HistoryEntry, Lease, Object, Progress, Retention,
    RetryPolicy,
};
pub use problems::{Details, FieldViolation, Problem};
pub use replies::{Batch, BatchExecution, Count, Directive, Page, ServerInfo, ServerLimits, WatchMessage};
pub use settings::Tls;
pub use statuses::{
    DirectiveKind, DurabilityClass, ExecutionStatus, StatusReason, StoreKind, View, WatchEvent,
};
pub use tonic::Code;
pub use updates::ClearableField;
pub use wait::Wait;
pub use worker::{CheckpointError, Job, Worker, WorkerBuilder};
