/** The verbs of those who do the work: an attempt's start, its end, and what it reports in between. */

import { Batches } from "./batches.js";
import type { AttemptOptions, ChangeOptions } from "./calls.js";
import { fromExecution } from "./from-wire.js";
import { ExecutionServiceService as service } from "./gen/croco/execution/v1/execution_service.js";
import { checkJson, checkObject, checkValues } from "./json.js";
import type { Execution, ProgressReport } from "./model.js";
import { toDuration, toProgress, toRequestId } from "./to-wire.js";

/** What is to be kept with the same change. */
export interface WithFinalState {
  readonly progress?: ProgressReport;
  /** JSON values by their keys; null removes one. */
  readonly checkpoints?: Readonly<Record<string, unknown>>;
}

/** A failure that is to be reported. */
export interface Failure {
  /** What went wrong, for a person. */
  readonly message: string;
  /** Whether another attempt may succeed. */
  readonly retryable: boolean;
  /** What went wrong, for a program. */
  readonly code?: string;
  /** Where it went wrong. */
  readonly stack?: string;
  /** When to repeat it, this once instead of the retry policy; left out, the policy says. */
  readonly retryDelayMs?: number;
  /** Free data, JSON values. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The verbs of those who do the work. Unless they say otherwise they answer the basic view. */
export class Attempts extends Batches {
  /**
   * Pending or retrying to running: begin an attempt, whose number is the answer's `attempts`.
   *
   * Answers the full view, checkpoints included, so that the work can go on where it stopped.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it cannot be started; of several that race, one starts
   */
  async start(id: string, options: ChangeOptions = {}): Promise<Execution> {
    const request = { id, expectedRevision: options.expectedRevision, requestId: toRequestId(options.requestId) };
    const response = await this.call(service.startExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Running to completed.
   *
   * @param result the output, any JSON value. null is JSON null; undefined, the execution has no result
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is not running
   * @throws AttemptFenced if `attempt` is over
   */
  async complete(id: string, result?: unknown, options: AttemptOptions & WithFinalState = {}): Promise<Execution> {
    const request = {
      ...fenceOf(id, options),
      ...finalStateOf(options),
      result: result === undefined ? undefined : checkJson(result, "result"),
    };
    const response = await this.call(service.completeExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Running to retrying if `retryable` and attempts are left, else to failed: the answer's status tells, and
   * `nextAttemptAt` when the retry policy wants the next attempt.
   *
   * Retrying to failed if not `retryable`: give up.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is neither running nor retrying
   * @throws AttemptFenced if `attempt` is over
   */
  async fail(id: string, failure: Failure, options: AttemptOptions & WithFinalState = {}): Promise<Execution> {
    const { message, retryable, code = "", stack = "", details } = failure;
    const error = {
      message,
      code,
      stack,
      retryable,
      retryDelay: toDuration(failure.retryDelayMs, "retryDelayMs"),
      details: details && checkObject(details, "details"),
    };
    const request = { ...fenceOf(id, options), ...finalStateOf(options), error };
    const response = await this.call(service.failExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Running to timed out, for callers who know before the server does that the attempt is lost.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is not running
   * @throws AttemptFenced if `attempt` is over
   */
  async timeOut(id: string, options: AttemptOptions = {}): Promise<Execution> {
    const response = await this.call(service.timeOutExecution, fenceOf(id, options), options);
    return fromExecution(response.execution);
  }

  /**
   * Replace the progress of a running execution.
   *
   * @throws ExecutionNotFound if there is no such execution
   * @throws ExecutionNotRunning if it is not running
   * @throws AttemptFenced if `attempt` is over
   */
  async updateProgress(id: string, progress: ProgressReport, options: AttemptOptions = {}): Promise<Execution> {
    const request = { ...fenceOf(id, options), progress: toProgress(progress) };
    const response = await this.call(service.updateProgress, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Keep one JSON value under a key, over every failure and retry; null removes the key.
   *
   * @throws what `saveCheckpoints` throws
   */
  async saveCheckpoint(id: string, key: string, value: unknown, options: AttemptOptions = {}): Promise<Execution> {
    return this.saveCheckpoints(id, { [key]: value }, options);
  }

  /**
   * Keep several JSON values under their keys, all or none; null removes a key.
   *
   * @param options `progress` is to be kept with the same change
   * @throws ExecutionNotFound if there is no such execution
   * @throws ExecutionNotRunning if it is not running
   * @throws TooManyCheckpoints if there would be more than there may be
   * @throws AttemptFenced if `attempt` is over
   */
  async saveCheckpoints(
    id: string,
    checkpoints: Readonly<Record<string, unknown>>,
    options: AttemptOptions & { readonly progress?: ProgressReport } = {},
  ): Promise<Execution> {
    const { progress } = options;
    const request = { ...fenceOf(id, options), ...finalStateOf({ progress, checkpoints }) };
    const response = await this.call(service.saveCheckpoint, request, options);
    return fromExecution(response.execution);
  }
}

/** What all calls of an attempt begin with. */
function fenceOf(id: string, { attempt, expectedRevision, requestId }: AttemptOptions) {
  return { id, attempt, expectedRevision, requestId: toRequestId(requestId) };
}

function finalStateOf({ progress, checkpoints = {} }: WithFinalState) {
  return { progress: toProgress(progress), checkpoints: checkValues(checkpoints, "checkpoints") };
}
