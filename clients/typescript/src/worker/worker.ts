/** The worker's face. */

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

import type { Json } from "../json.js";
import { checkTime, type ConnectionOptions, Settings } from "../settings.js";
import type { Task } from "./attempt.js";
import type { Job } from "./job.js";
import { type Log, warnOnly } from "./log.js";
import { Running, type WorkerSettings } from "./running.js";

const MOST_TYPES = 20;
/** More than one process can keep busy. */
const MOST_AT_A_TIME = 1_000;
const SHORTEST_LEASE_MS = 1_000;
const LONGEST_LEASE_MS = 3_600_000;

/** What a worker may be told beside its target. */
export interface WorkerOptions extends ConnectionOptions {
  /** How many tasks run at a time, 1 to 1,000; left out, 10. */
  readonly concurrency?: number;
  /**
   * How long the worker may be silent before others get what it does, 1 s to 1 h; left out, 30 s. Tasks are stopped when
   * the service was not heard for two thirds of it.
   */
  readonly leaseMs?: number;
  /** How long a worker that is to stop lets its tasks go on before it gives them back; left out, 10 s. */
  readonly drainMs?: number;
  /** The least time between two reports of a job's progress; left out, 200 ms. */
  readonly progressIntervalMs?: number;
  /** How the worker names itself; left out, it is made of host and process. */
  readonly workerId?: string;
  /** Takes what the worker has to say; left out, warnings go to stderr. */
  readonly log?: Log;
}

/**
 * Does executions: gives each that is ready to the function that is registered for its type.
 *
 *     const worker = new Worker("localhost:50051", { concurrency: 10 });
 *
 *     worker.task("resize-images", async (job) => {
 *       for (let at = job.checkpoints.next ?? 0; at < 100; at++) {
 *         ...
 *         await job.checkpoint("next", at + 1);
 *         job.progress(at + 1, 100);
 *       }
 *       return { resized: 100 };
 *     });
 *
 *     await worker.runUntilSignal();
 *
 * What the function answers is the result of the execution (undefined: no result). An error fails the attempt, and another
 * may follow; Retryable and Permanent say more. Lost connections and servers that stop are the worker's business: tasks go
 * on as long as their lease holds.
 */
export class Worker {
  readonly #settings: WorkerSettings;
  readonly #tasks = new Map<string, Task>();
  #running: Running | undefined;

  /**
   * Connect when it runs.
   *
   * @param target as for ExecutionClient
   * @throws RangeError if an argument is outside its limits
   */
  constructor(target: string, options: WorkerOptions = {}) {
    const { concurrency = 10, leaseMs = 30_000, drainMs = 10_000, progressIntervalMs = 200 } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MOST_AT_A_TIME) {
      throw new RangeError(`concurrency is ${concurrency}; it has to be 1 to ${MOST_AT_A_TIME}.`);
    }
    if (!(leaseMs >= SHORTEST_LEASE_MS && leaseMs <= LONGEST_LEASE_MS)) {
      throw new RangeError(`leaseMs is ${leaseMs}; it has to be 1 s to 1 h.`);
    }
    this.#settings = {
      connection: new Settings(target, options),
      workerId: options.workerId ?? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`,
      concurrency,
      leaseMs,
      drainMs: checkTime(drainMs, "drainMs", 0),
      progressIntervalMs: checkTime(progressIntervalMs, "progressIntervalMs", 0),
      log: options.log ?? warnOnly,
    };
  }

  /**
   * Register the function for executions of a type.
   *
   * @throws RangeError if the type has a function already, or there are more than 20 types
   */
  task<Payload = Json>(type: string, task: (job: Job<Payload>) => unknown): void {
    if (this.#tasks.has(type)) throw new RangeError(`The type "${type}" has a function already.`);
    if (this.#tasks.size === MOST_TYPES) throw new RangeError(`A worker takes at most ${MOST_TYPES} types.`);
    this.#tasks.set(type, task);
  }

  /**
   * Work until `stop` is called.
   *
   * @throws Error if it runs already, or no task is registered
   * @throws ExecutionProblem if the service refuses the worker for good, as CredentialsInvalid
   */
  async run(): Promise<void> {
    if (this.#running !== undefined) throw new Error("The worker runs already.");
    if (this.#tasks.size === 0) throw new Error("The worker has no tasks: register some with worker.task(type, ...).");
    this.#running = new Running(this.#settings, new Map(this.#tasks));
    try {
      await this.#running.run();
    } finally {
      this.#running = undefined;
    }
  }

  /**
   * Have `run` end: take nothing new, let tasks go on for `drainMs`, give back those that still run then. Called again:
   * end at once. Where nothing runs it does nothing.
   */
  stop(): void {
    this.#running?.stop();
  }

  /** As `run`, for a program that does nothing else: SIGTERM and SIGINT stop it as `stop` does. */
  async runUntilSignal(): Promise<void> {
    const stop = () => this.stop();
    process.on("SIGTERM", stop).on("SIGINT", stop);
    try {
      await this.run();
    } finally {
      process.off("SIGTERM", stop).off("SIGINT", stop);
    }
  }
}
