/** The verbs of workers that cannot stream. Those that can need none of them: see Worker. */

import { Attempts } from "./attempts.js";
import type { AttemptOptions, CallOptions } from "./calls.js";
import { fromDirective, fromExecution } from "./from-wire.js";
import { WorkerServiceService as service } from "./gen/croco/execution/v1/worker_service.js";
import type { Directive, Execution } from "./model.js";
import { checkTime } from "./settings.js";
import { toDuration, toList, toRequestId } from "./to-wire.js";

const WAIT_MS = 20_000;
/** How much longer than the wait the deadline of a claim is. */
const GRACE_MS = 5_000;

/** What `claim` may be told. */
export interface ClaimOptions {
  /** How many at most, 1 to 1,000; left out, 1. */
  readonly maxExecutions?: number;
  /** How long the worker may be silent before others get them; left out, 30 s. */
  readonly leaseDurationMs?: number;
  /** How long to wait for the first, up to 60 s; left out, 20 s. */
  readonly waitMs?: number;
  /** Ends the call when it is aborted: its reason is thrown. */
  readonly signal?: AbortSignal;
  /** How long the call may take; left out, 5 s longer than the wait. */
  readonly deadlineMs?: number;
}

/** The verbs of workers that cannot stream. */
export class Leases extends Attempts {
  /**
   * Start executions that are ready, each under a lease, and answer them in full; none if none came in time.
   *
   * @param workerId how the worker names itself
   * @param types which types it takes, 1 to 20
   * @throws Unavailable if there is no answer. It is not repeated: what it was given comes back when the lease runs out
   */
  async claim(workerId: string, types: readonly string[], options: ClaimOptions = {}): Promise<Execution[]> {
    const waitMs = checkTime(options.waitMs ?? WAIT_MS, "waitMs", 0);
    const { maxExecutions = 1, deadlineMs = waitMs + GRACE_MS, signal } = options;
    const request = {
      workerId,
      types: toList(types, "types"),
      maxExecutions,
      leaseDuration: toDuration(options.leaseDurationMs, "leaseDurationMs"),
      wait: toDuration(waitMs, "waitMs"),
    };
    const response = await this.longCall(service.claimExecutions, request, { deadlineMs, signal, repeat: false });
    return response.executions.map(fromExecution);
  }

  /**
   * Let leases begin anew, and answer what to do about those that are not simply to go on.
   *
   * @param held the attempts that the worker runs; at most 1,000
   */
  async heartbeat(
    held: Iterable<{ readonly id: string; readonly attempt: number }>,
    options: CallOptions = {},
  ): Promise<Directive[]> {
    const request = { held: Array.from(held, ({ id, attempt }) => ({ id, attempt })) };
    const response = await this.call(service.heartbeat, request, options);
    return response.directives.map(fromDirective);
  }

  /**
   * Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.
   *
   * @param options `delayMs`: when others may get it; left out, at once
   * @throws ExecutionNotFound if there is no such execution
   * @throws InvalidStateTransition if it is not running
   * @throws AttemptFenced if `attempt` is over
   */
  async release(id: string, options: AttemptOptions & { readonly delayMs?: number } = {}): Promise<Execution> {
    const { attempt, expectedRevision } = options;
    const delay = toDuration(options.delayMs, "delayMs");
    const request = { id, delay, attempt, expectedRevision, requestId: toRequestId(options.requestId) };
    const response = await this.call(service.releaseExecution, request, options);
    return fromExecution(response.execution);
  }
}
