/** The client of the execution service, and the worker that does executions. */

export type { Failure, WithFinalState } from "./attempts.js";
export type { BatchEntry, BatchOptions } from "./batches.js";
export type { AttemptOptions, CallOptions, ChangeOptions, ClientOptions } from "./calls.js";
export { ExecutionClient } from "./client.js";
export type { Json } from "./json.js";
export type { ClaimOptions } from "./leases.js";
export * from "./model.js";
export type { CreateOptions, NewExecution, UpdateOptions } from "./owner.js";
export {
  AttemptFenced,
  Cancelled,
  ClientClosed,
  type Code,
  Contention,
  CredentialsInvalid,
  CredentialsMissing,
  DeadlineExceeded,
  ExecutionActive,
  ExecutionNotFound,
  ExecutionNotRunning,
  ExecutionProblem,
  type FieldViolation,
  IdempotencyKeyReused,
  InvalidField,
  InvalidPageToken,
  InvalidStateTransition,
  MaxRetriesExceeded,
  MethodForbidden,
  PayloadTooLarge,
  type ProblemDetails,
  QuotaExceeded,
  RevisionMismatch,
  ServerDraining,
  StoreUnavailable,
  TooManyCheckpoints,
  TooManyWatches,
  Unavailable,
  Unexpected,
  WatchRevisionCompacted,
} from "./problems.js";
export type { GetOptions, ListOptions, ListPageOptions, WaitOptions } from "./queries.js";
export type { ConnectionOptions, TlsOptions } from "./settings.js";
export type { Filter } from "./to-wire.js";
export type { WatchAllOptions, WatchOptions } from "./watches.js";
export type { Task } from "./worker/attempt.js";
export {
  JobCancelled,
  Permanent,
  Retryable,
  type StopReason,
  TaskFailure,
  type TaskFailureOptions,
} from "./worker/failures.js";
export type { Job } from "./worker/job.js";
export type { Log } from "./worker/log.js";
export { Worker, type WorkerOptions } from "./worker/worker.js";
