/** The verbs of those who have work done. */

import type { CallOptions, ChangeOptions } from "./calls.js";
import { fromCreated, fromExecution } from "./from-wire.js";
import { Execution as ExecutionMessage } from "./gen/croco/execution/v1/execution.js";
import {
  CreateExecutionRequest,
  ExecutionServiceService as service,
} from "./gen/croco/execution/v1/execution_service.js";
import { checkJson, checkObject } from "./json.js";
import type { CreatedExecution, Execution, Retention, RetryPolicy } from "./model.js";
import { toDuration, toLabels, toRequestId, toRetention, toRetryPolicy, toTimestamp } from "./to-wire.js";
import { Watches } from "./watches.js";

/** What is to be known of an execution beside its type and payload. */
export interface NewExecution {
  /** How many attempts may be started; left out, 3. */
  readonly maxAttempts?: number;
  /** How long one attempt may take; left out, no limit. */
  readonly timeoutMs?: number;
  /** How long it may stay pending; left out, no limit. */
  readonly startTimeoutMs?: number;
  /** How long all attempts and the waiting between them may take; left out, no limit. */
  readonly totalTimeoutMs?: number;
  /** When the next attempt comes after a failure; left out, the contract's defaults. */
  readonly retryPolicy?: RetryPolicy;
  /** How long the record is kept once it is at rest; left out, as the server is set. */
  readonly retention?: Retention;
  /** Workers get it not before this; left out, at once. */
  readonly scheduledAt?: Date;
  /** Of what is ready, workers get the lowest first: 0 to 9; left out, 5. */
  readonly priority?: number;
  /** How many workers may be lost with it before it fails; left out, 3. */
  readonly maxCrashes?: number;
  /** Unique in the deployment: who holds it is answered instead of being created again. */
  readonly idempotencyKey?: string;
  /** The id of the execution this one belongs to. */
  readonly parentId?: string;
  /** Free data, JSON values. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** As for the other verbs that change something. */
  readonly requestId?: string;
}

/** What `create` may be told. */
export interface CreateOptions extends NewExecution, CallOptions {}

/** What `update` is to change: what is given is replaced, null clears. */
export interface UpdateOptions extends ChangeOptions {
  readonly metadata?: Readonly<Record<string, unknown>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
  readonly maxAttempts?: number;
  readonly timeoutMs?: number | null;
  readonly totalTimeoutMs?: number | null;
  readonly retryPolicy?: RetryPolicy | null;
}

/** The verbs of those who have work done. Unless they say otherwise they answer the basic view. */
export class Owner extends Watches {
  /**
   * Create a pending execution and answer it in full, or the one that holds `idempotencyKey`.
   *
   * @param type what kind of work it is
   * @param payload the input, any JSON value. null is JSON null; undefined, the execution has no payload
   * @throws IdempotencyKeyReused if the key belongs to an execution of another type or payload
   */
  async create(type: string, payload?: unknown, options: CreateOptions = {}): Promise<CreatedExecution> {
    const request = toCreateRequest(type, payload, options);
    const response = await this.call(service.createExecution, request, options);
    return fromCreated(response.execution, response.created);
  }

  /**
   * Replace those of the six fields that are given; null clears one.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is completed or cancelled, where only metadata and labels may change
   */
  async update(id: string, options: UpdateOptions): Promise<Execution> {
    const { expectedRevision } = options;
    const { execution, updateMask } = toUpdate(id, options);
    const request = { execution, updateMask, expectedRevision, requestId: toRequestId(options.requestId) };
    const response = await this.call(service.updateExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Remove an execution and its idempotency key; with `force` even if it is running or retrying.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws ExecutionActive if it is running or retrying
   */
  async delete(id: string, options: ChangeOptions & { readonly force?: boolean } = {}): Promise<void> {
    const { force = false, expectedRevision } = options;
    const request = { id, force, expectedRevision, requestId: toRequestId(options.requestId) };
    await this.call(service.deleteExecution, request, options);
  }

  /**
   * Pending, running or retrying to cancelled. The reason is kept in `metadata.cancellationReason`.
   *
   * On a cancelled execution it changes nothing: the first reason stays.
   *
   * @param options `gracePeriodMs`: what is running gets this long to stop by itself, and is running in the answer;
   * `cancellationForcedAt` tells until when. Left out, none
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is completed, failed or timed out
   */
  async cancel(
    id: string,
    reason = "",
    options: ChangeOptions & { readonly gracePeriodMs?: number } = {},
  ): Promise<Execution> {
    const gracePeriod = toDuration(options.gracePeriodMs, "gracePeriodMs");
    const { expectedRevision } = options;
    const request = { id, reason, gracePeriod, expectedRevision, requestId: toRequestId(options.requestId) };
    const response = await this.call(service.cancelExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Failed or timed out to retrying: allow the next `start`. Starts nothing by itself.
   *
   * @param options `additionalAttempts` raises `maxAttempts` by this
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if its status cannot be retried
   * @throws MaxRetriesExceeded if no attempts are left
   */
  async retry(id: string, options: ChangeOptions & { readonly additionalAttempts?: number } = {}): Promise<Execution> {
    const { additionalAttempts = 0, expectedRevision } = options;
    const request = { id, additionalAttempts, expectedRevision, requestId: toRequestId(options.requestId) };
    const response = await this.call(service.retryExecution, request, options);
    return fromExecution(response.execution);
  }
}

/** Convert what `create` is told; `path` is what to begin the paths in errors with. */
export function toCreateRequest(
  type: string,
  payload: unknown,
  options: NewExecution,
  path = "",
): CreateExecutionRequest {
  const { maxAttempts, priority, maxCrashes, idempotencyKey = "", parentId = "", metadata } = options;
  return {
    type,
    payload: payload === undefined ? undefined : checkJson(payload, `${path}payload`),
    maxAttempts,
    timeout: toDuration(options.timeoutMs, `${path}timeoutMs`),
    startTimeout: toDuration(options.startTimeoutMs, `${path}startTimeoutMs`),
    totalTimeout: toDuration(options.totalTimeoutMs, `${path}totalTimeoutMs`),
    retryPolicy: toRetryPolicy(options.retryPolicy, path),
    retention: toRetention(options.retention, path),
    scheduledAt: toTimestamp(options.scheduledAt, `${path}scheduledAt`),
    priority,
    maxCrashes,
    idempotencyKey,
    parentId,
    metadata: metadata && checkObject(metadata, `${path}metadata`),
    labels: toLabels(options.labels),
    requestId: toRequestId(options.requestId),
  };
}

/** Answer the new values, and which they are. */
function toUpdate(id: string, options: UpdateOptions): { execution: ExecutionMessage; updateMask: string[] } {
  const { metadata, labels, maxAttempts, timeoutMs, totalTimeoutMs, retryPolicy } = options;
  const given = {
    metadata,
    labels,
    max_attempts: maxAttempts,
    timeout: timeoutMs,
    total_timeout: totalTimeoutMs,
    retry_policy: retryPolicy,
  };
  const execution = ExecutionMessage.fromPartial({ id, maxAttempts });
  execution.metadata = metadata ? checkObject(metadata, "metadata") : undefined;
  execution.labels = toLabels(labels ?? undefined);
  execution.timeout = toDuration(timeoutMs ?? undefined, "timeoutMs");
  execution.totalTimeout = toDuration(totalTimeoutMs ?? undefined, "totalTimeoutMs");
  execution.retryPolicy = toRetryPolicy(retryPolicy ?? undefined);
  const updateMask = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  return { execution, updateMask };
}
