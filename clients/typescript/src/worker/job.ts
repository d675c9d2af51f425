/** What a task is given: the execution that it works on, and how to report of it. */

import type { Json } from "../json.js";
import type { Execution, ProgressReport } from "../model.js";

/** What a job needs of its attempt. */
interface Attempt {
  readonly progress: { put(progress: ProgressReport): void };
  save(key: string, value: unknown): Promise<void>;
}

/** What a task is given. */
export class Job<Payload = Json> {
  /** The execution's id. */
  readonly id: string;
  /** Which attempt this is: 1 for the first. */
  readonly attempt: number;
  /** The execution as it was when the attempt began, in full. */
  readonly execution: Execution;
  /** The input; undefined if there is none. */
  readonly payload: Payload;
  /** What this attempt and those before it left behind to go on from. */
  readonly checkpoints: Record<string, Json>;
  /**
   * Aborted when the job is to stop: somebody asked for its cancellation, the worker lost its lease, or the worker itself
   * stops. Hand it on to whatever takes one, or call its `throwIfAborted` every now and then. A task that ends by throwing
   * its reason, or an AbortError, gives the execution back; it may save a last checkpoint before.
   */
  readonly signal: AbortSignal;
  readonly #attempt: Attempt;

  /** @internal */
  constructor(execution: Execution, attempt: Attempt, signal: AbortSignal) {
    this.id = execution.id;
    this.attempt = execution.attempts;
    this.execution = execution;
    this.payload = execution.payload as Payload;
    this.checkpoints = { ...execution.checkpoints };
    this.signal = signal;
    this.#attempt = attempt;
  }

  /**
   * Keep a JSON value under a key, over every failure and retry; null removes the key. It is durable when the promise is
   * fulfilled.
   *
   * @throws TypeError, RangeError if the value cannot be sent
   * @throws JobCancelled if the lease is lost; nothing more is taken
   * @throws ExecutionProblem if the service refuses it, as TooManyCheckpoints or PayloadTooLarge
   */
  async checkpoint(key: string, value: unknown): Promise<void> {
    await this.#attempt.save(key, value);
    if (value === null) delete this.checkpoints[key];
    else this.checkpoints[key] = value;
  }

  /**
   * Say how far the work is. Costs next to nothing: only the newest is sent, every now and then; the last always is.
   *
   * @param current in a unit of your choice, as `total`; finite and at least 0
   * @param total left out or 0, not known
   * @param options `message`: what is being done, for a person, up to 4 KiB; `percent`: 0 to 100, left out the service
   * computes it
   * @throws RangeError if an argument is outside its limits
   */
  progress(current: number, total = 0, options: { readonly message?: string; readonly percent?: number } = {}): void {
    this.#attempt.progress.put({ ...options, current, total });
  }
}
