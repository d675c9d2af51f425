/**
 * From the messages of the contract to the plain values of model.ts.
 *
 * An enum value that a newer server has added becomes `unknown` instead of an error.
 */

import type { Duration } from "./gen/google/protobuf/duration.js";
import * as nouns from "./gen/croco/execution/v1/execution.js";
import * as verbs from "./gen/croco/execution/v1/execution_service.js";
import type { WorkDirective } from "./gen/croco/execution/v1/worker_service.js";
import type {
  Count,
  CreatedExecution,
  Directive,
  Execution,
  ExecutionError,
  ExecutionStatus,
  HistoryEntry,
  Lease,
  Progress,
  Retention,
  RetryPolicy,
  ServerInfo,
  ServerLimits,
  StatusReason,
  WatchEvent,
  WatchMessage,
} from "./model.js";

/** Convert an execution, which the server may not leave out. */
export function fromExecution(message: nouns.Execution | undefined): Execution {
  const from = message ?? nouns.Execution.fromPartial({});
  return {
    id: from.id,
    type: from.type,
    status: fromStatus(from.status),
    statusReason: fromReason(from.statusReason),
    payload: from.payload,
    result: from.result,
    error: from.error && fromError(from.error),
    attempts: from.attempts,
    maxAttempts: from.maxAttempts,
    ...momentsOf(from),
    timeoutMs: toMilliseconds(from.timeout),
    startTimeoutMs: toMilliseconds(from.startTimeout),
    totalTimeoutMs: toMilliseconds(from.totalTimeout),
    idempotencyKey: from.idempotencyKey,
    parentId: from.parentId,
    metadata: from.metadata ?? {},
    labels: Object.fromEntries(from.labels),
    checkpoints: Object.fromEntries(from.checkpoints),
    checkpointSizes: Object.fromEntries(from.checkpointSizes),
    progress: from.progress && fromProgress(from.progress),
    revision: from.revision,
    history: from.history.map(fromHistoryEntry),
    statusChanges: from.statusChanges,
    cancellationReason: from.cancellationReason,
    retryPolicy: from.retryPolicy && fromRetryPolicy(from.retryPolicy),
    retention: from.retention && fromRetention(from.retention),
    priority: from.priority,
    lease: from.lease && fromLease(from.lease),
    crashes: from.crashes,
    maxCrashes: from.maxCrashes,
    refundedAttempts: from.refundedAttempts,
    traceParent: from.traceParent,
  };
}

/** Convert the answer of a create. */
export function fromCreated(message: nouns.Execution | undefined, created: boolean): CreatedExecution {
  return { ...fromExecution(message), created };
}

/** Convert a status. */
export function fromStatus(status: nouns.ExecutionStatus): ExecutionStatus {
  return wordOf(nouns.ExecutionStatus[status], "EXECUTION_STATUS_") as ExecutionStatus;
}

/** Convert what a message of a watch is about. */
export function fromEvent(event: verbs.WatchEvent): WatchEvent {
  return wordOf(verbs.WatchEvent[event], "WATCH_EVENT_") as WatchEvent;
}

/** Convert a count. Statuses that this client does not know are counted together. */
export function fromCount(message: verbs.CountExecutionsResponse): Count {
  const byStatus: Partial<Record<ExecutionStatus, number>> = {};
  for (const { status, count } of message.byStatus) {
    const known = fromStatus(status);
    byStatus[known] = (byStatus[known] ?? 0) + count;
  }
  return { total: message.count, byStatus };
}

/** Convert a message of a watch about the execution `id`. */
export function fromWatch(
  id: string,
  message: verbs.WatchExecutionResponse | verbs.WatchExecutionsResponse,
): WatchMessage {
  return {
    id,
    revision: message.revision,
    event: fromEvent(message.event),
    change: message.change && fromHistoryEntry(message.change),
    execution: message.execution && fromExecution(message.execution),
  };
}

/** Convert what a worker has to do. */
export function fromDirective(message: WorkDirective): Directive {
  const { id, attempt, cancelRequested, leaseLost } = message;
  if (cancelRequested !== undefined) {
    const { reason, forcedAt } = cancelRequested;
    return { id, attempt, kind: "cancel_requested", reason, forcedAt };
  }
  if (leaseLost !== undefined) return { id, attempt, kind: "lease_lost", reason: leaseLost.cause };
  return { id, attempt, kind: "unknown", reason: "" };
}

/** Convert what a server says of itself. */
export function fromServerInfo(message: verbs.GetServerInfoResponse): ServerInfo {
  return {
    version: message.version,
    storeKind: wordOf(verbs.StoreKind[message.storeKind], "STORE_KIND_") as ServerInfo["storeKind"],
    durability: wordOf(verbs.DurabilityClass[message.durability], "DURABILITY_CLASS_") as ServerInfo["durability"],
    partitions: message.partitions,
    limits: fromServerLimits(message.limits ?? verbs.ServerLimits.fromPartial({})),
  };
}

/** Convert a length of time to milliseconds. */
export function toMilliseconds(duration: Duration): number;
export function toMilliseconds(duration: Duration | undefined): number | undefined;
export function toMilliseconds(duration: Duration | undefined): number | undefined {
  return duration && duration.seconds * 1000 + duration.nanos / 1e6;
}

function momentsOf(from: nouns.Execution) {
  return {
    createdAt: from.createdAt,
    updatedAt: from.updatedAt,
    startedAt: from.startedAt,
    completedAt: from.completedAt,
    scheduledAt: from.scheduledAt,
    nextAttemptAt: from.nextAttemptAt,
    expiresAt: from.expiresAt,
    cancellationRequestedAt: from.cancellationRequestedAt,
    cancellationForcedAt: from.cancellationForcedAt,
  };
}

function fromReason(reason: nouns.StatusReason): StatusReason {
  return wordOf(nouns.StatusReason[reason], "STATUS_REASON_") as StatusReason;
}

/** Answer the word for the name of an enum value; the number of one that is not known here has no name. */
function wordOf(name: string | undefined, prefix: string): string {
  const word = name?.startsWith(prefix) ? name.slice(prefix.length).toLowerCase() : "unspecified";
  return word === "unspecified" ? "unknown" : word;
}

function fromHistoryEntry(message: nouns.HistoryEntry): HistoryEntry {
  const created = message.from === nouns.ExecutionStatus.EXECUTION_STATUS_UNSPECIFIED;
  return {
    revision: message.revision,
    at: message.at,
    from: created ? undefined : fromStatus(message.from),
    to: fromStatus(message.to),
    reason: fromReason(message.reason),
    attempt: message.attempt,
    actor: message.actor,
  };
}

function fromError(message: nouns.ExecutionError): ExecutionError {
  const { code, stack, retryable, details } = message;
  return {
    message: message.message,
    code,
    stack,
    retryable,
    retryDelayMs: toMilliseconds(message.retryDelay),
    details: details ?? {},
  };
}

function fromProgress(message: nouns.Progress): Progress {
  const { current, total, percent, attempt, updatedAt } = message;
  return { current, total, message: message.message, percent, attempt, updatedAt };
}

function fromRetryPolicy(message: nouns.RetryPolicy): RetryPolicy {
  const { backoffCoefficient, jitter, nonRetryableCodes, retryTimeouts } = message;
  return {
    initialIntervalMs: toMilliseconds(message.initialInterval),
    backoffCoefficient,
    maximumIntervalMs: toMilliseconds(message.maximumInterval),
    jitter,
    nonRetryableCodes,
    retryTimeouts,
  };
}

function fromRetention(message: nouns.Retention): Retention {
  return { succeededMs: toMilliseconds(message.succeeded), failedMs: toMilliseconds(message.failed) };
}

function fromLease(message: nouns.Lease): Lease {
  const { workerId, duration, expiresAt } = message;
  return { workerId, durationMs: toMilliseconds(duration) ?? 0, expiresAt };
}

function fromServerLimits({ defaultDeadline, maxDeadline, ...limits }: verbs.ServerLimits): ServerLimits {
  return {
    ...limits,
    defaultDeadlineMs: toMilliseconds(defaultDeadline) ?? 0,
    maxDeadlineMs: toMilliseconds(maxDeadline) ?? 0,
  };
}
