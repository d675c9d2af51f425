/** The plain values that the client takes and answers: the nouns of croco/execution/v1/execution.proto. */

import type { Json } from "./json.js";

/** Where an execution stands. `unknown` is a status that this version of the client does not know. */
export type ExecutionStatus =
  "pending" | "running" | "completed" | "failed" | "retrying" | "timed_out" | "cancelled" | "unknown";

/** Why an execution has the status it has. `unknown` is a reason that this version of the client does not know. */
export type StatusReason =
  | "created"
  | "started"
  | "succeeded"
  | "retryable_failure"
  | "non_retryable_failure"
  | "attempts_exhausted"
  | "attempt_timeout"
  | "reported_timeout"
  | "cancel_requested"
  | "manual_retry"
  | "given_up"
  | "start_expired"
  | "total_timeout"
  | "automatic_retry"
  | "lease_expired"
  | "crashes_exhausted"
  | "released"
  | "unknown";

/** How much of an execution an answer carries: `basic` is without payload, result, checkpoints, history and error stack. */
export type View = "basic" | "full";

/**
 * What a message of a watch is about:
 *
 * - `snapshot`: the execution as it is.
 * - `status_changed`: one status change, in `change`.
 * - `updated`: anything else changed. Several changes may be one message.
 * - `bookmark`: of `watchAll` only: the snapshot is complete.
 * - `deleted`: of `watchAll` only: the execution was removed.
 * - `missing`: of `watchAll` only, and made by the client: while the connection was lost the execution was deleted, or
 *   came to a status that the watch does not ask for.
 * - `unknown`: an event that this version of the client does not know.
 */
export type WatchEvent = "snapshot" | "status_changed" | "updated" | "bookmark" | "deleted" | "missing" | "unknown";

/** Whether an execution stays there until somebody retries it. `completed` and `cancelled` are final. */
export function isAtRest(status: ExecutionStatus): boolean {
  return status === "completed" || status === "failed" || status === "timed_out" || status === "cancelled";
}

/** A failure, as the worker reported it. */
export interface ExecutionError {
  readonly message: string;
  readonly code: string;
  readonly stack: string;
  readonly retryable: boolean;
  /** Given where this once it replaced the retry policy. */
  readonly retryDelayMs?: number;
  readonly details: Readonly<Record<string, Json>>;
}

/** How far an attempt is, as a worker says it. */
export interface ProgressReport {
  /** In a unit of the worker's choice, as `total`; finite and at least 0. */
  readonly current: number;
  /** 0 or left out: not known. */
  readonly total?: number;
  /** What is being done, for a person. */
  readonly message?: string;
  /** 0 to 100; left out, the server computes it. */
  readonly percent?: number;
}

/** How far an attempt is. */
export interface Progress extends ProgressReport {
  readonly total: number;
  readonly message: string;
  /** The attempt that reported it. */
  readonly attempt: number;
  readonly updatedAt?: Date;
}

/** One status change. */
export interface HistoryEntry {
  /** The execution's after the change, as `attempt`. */
  readonly revision: number;
  readonly at?: Date;
  /** Left out for the creation. */
  readonly from?: ExecutionStatus;
  readonly to: ExecutionStatus;
  readonly reason: StatusReason;
  readonly attempt: number;
  /** "server" for a deadline that the server keeps, else the caller where calls carry an identity. */
  readonly actor: string;
}

/**
 * When the next attempt comes after a failure that may be repeated. What is left out is as the contract says.
 *
 * The pause grows by `backoffCoefficient` from `initialIntervalMs` to `maximumIntervalMs`, less a random part of up to
 * `jitter` (0 to 1).
 */
export interface RetryPolicy {
  readonly initialIntervalMs?: number;
  readonly backoffCoefficient?: number;
  readonly maximumIntervalMs?: number;
  readonly jitter?: number;
  /** Errors with one of these are never repeated. */
  readonly nonRetryableCodes?: readonly string[];
  /** Whether attempts that timed out are repeated. */
  readonly retryTimeouts?: boolean;
}

/** How long a record is kept at rest. What is left out is for ever in an answer, and as the server is set in a request. */
export interface Retention {
  /** If completed or cancelled. */
  readonly succeededMs?: number;
  /** If failed or timed out. */
  readonly failedMs?: number;
}

/** A worker's hold on a running execution: until `expiresAt`, unless the worker is heard of before. */
export interface Lease {
  readonly workerId: string;
  readonly durationMs: number;
  readonly expiresAt?: Date;
}

/**
 * One unit of work and all that is known about it; execution.proto explains every field.
 *
 * What is absent is undefined: a `payload` of null is JSON null, and undefined if none was sent or the view is basic.
 */
export interface Execution {
  readonly id: string;
  readonly type: string;
  readonly status: ExecutionStatus;
  readonly statusReason: StatusReason;
  readonly payload?: Json;
  readonly result?: Json;
  readonly error?: ExecutionError;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly createdAt?: Date;
  readonly updatedAt?: Date;
  readonly startedAt?: Date;
  readonly completedAt?: Date;
  readonly timeoutMs?: number;
  readonly idempotencyKey: string;
  readonly parentId: string;
  readonly metadata: Readonly<Record<string, Json>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly checkpoints: Readonly<Record<string, Json>>;
  readonly checkpointSizes: Readonly<Record<string, number>>;
  readonly progress?: Progress;
  readonly revision: number;
  readonly history: readonly HistoryEntry[];
  readonly statusChanges: number;
  readonly cancellationReason: string;
  readonly cancellationRequestedAt?: Date;
  readonly cancellationForcedAt?: Date;
  readonly retryPolicy?: RetryPolicy;
  readonly nextAttemptAt?: Date;
  readonly startTimeoutMs?: number;
  readonly totalTimeoutMs?: number;
  readonly retention?: Retention;
  readonly expiresAt?: Date;
  readonly scheduledAt?: Date;
  readonly priority: number;
  readonly lease?: Lease;
  readonly crashes: number;
  readonly maxCrashes: number;
  readonly refundedAttempts: number;
  /** The trace that created it, as W3C Trace Context writes a `traceparent`; empty if none came. */
  readonly traceParent: string;
}

/** The answer of `create`. */
export interface CreatedExecution extends Execution {
  /** Whether this call, or the one it repeats, created the execution. */
  readonly created: boolean;
}

/** Some of the executions of a list. An empty `nextPageToken` means that no more follow. */
export interface Page {
  readonly executions: readonly Execution[];
  readonly nextPageToken: string;
}

/** How many executions match, in all and in each status that the filter allows. */
export interface Count {
  readonly total: number;
  readonly byStatus: Readonly<Partial<Record<ExecutionStatus, number>>>;
}

/** What a server is and what it takes. `unknown` is something that this version of the client does not know. */
export interface ServerInfo {
  /** As in "0.1.0". */
  readonly version: string;
  /** Where the state is. */
  readonly storeKind: "memory" | "standalone" | "sentinel" | "cluster" | "unknown";
  /** What an acknowledged change survives. */
  readonly durability: "relaxed" | "local" | "replicated" | "unknown";
  /** Into how many partitions the store is divided. */
  readonly partitions: number;
  readonly limits: ServerLimits;
}

/** What a server takes; execution_service.proto explains each. */
export interface ServerLimits {
  readonly messageBytes: number;
  readonly batchSize: number;
  readonly pageSize: number;
  readonly checkpoints: number;
  readonly callsUnderWay: number;
  readonly watchesPerConnection: number;
  readonly defaultDeadlineMs: number;
  readonly maxDeadlineMs: number;
}

/** What a worker that does not stream has to do about an attempt that it holds. */
export interface Directive {
  readonly id: string;
  readonly attempt: number;
  /**
   * `cancel_requested`: stop, somebody asked for its cancellation. `lease_lost`: forget it, it ended; what the worker
   * still writes of it is refused.
   */
  readonly kind: "cancel_requested" | "lease_lost" | "unknown";
  readonly reason: string;
  /** When the server cancels by itself. */
  readonly forcedAt?: Date;
}

/** What a watch tells. */
export interface WatchMessage {
  readonly id: string;
  /** The cursor: a watch with it as `afterRevision` goes on from here. */
  readonly revision: number;
  readonly event: WatchEvent;
  /** Set for `status_changed` only. */
  readonly change?: HistoryEntry;
  /** As of `revision`; undefined where a later message has overtaken it, and for `bookmark`, `deleted` and `missing`. */
  readonly execution?: Execution;
}
