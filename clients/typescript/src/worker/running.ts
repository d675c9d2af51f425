/** A worker at work: what it holds, its streams, and how it stops. */

import { Client } from "@grpc/grpc-js";

import { sleep } from "../abort.js";
import type { Execution as Assignment } from "../gen/croco/execution/v1/execution.js";
import type { WorkDirective, WorkHello, WorkResponse } from "../gen/croco/execution/v1/worker_service.js";
import { type Code, ExecutionProblem } from "../problems.js";
import type { Settings } from "../settings.js";
import { toDuration } from "../to-wire.js";
import { Attempt, type Owner, type Task } from "./attempt.js";
import type { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Pulse } from "./pulse.js";
import { Stream } from "./stream.js";

/** How long tasks that are told to stop when the worker stops may take for it. */
const UNWIND_MS = 2_000;
/** How long a worker that stops waits for its last reports to be acknowledged. */
const FLUSH_MS = 5_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** What does not pass: there is no use in coming back. */
const HOPELESS: ReadonlySet<Code> = new Set<Code>([
  "INVALID_ARGUMENT",
  "UNAUTHENTICATED",
  "PERMISSION_DENIED",
  "UNIMPLEMENTED",
]);
const FAILURES_TO_WARN = 5;

/** What a worker was told; its constructor explains it. */
export interface WorkerSettings {
  readonly connection: Settings;
  readonly workerId: string;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly drainMs: number;
  readonly progressIntervalMs: number;
  readonly log: Log;
}

/** One run of a worker. */
export class Running implements Owner {
  readonly #settings: WorkerSettings;
  readonly #tasks: ReadonlyMap<string, Task>;
  readonly #client: Client;
  readonly #outbox = new Outbox();
  readonly #pulse: Pulse;
  readonly #held = new Map<string, Attempt>();
  /** Those whose task runs, lost ones included. */
  readonly #attempts = new Set<Attempt>();
  readonly #watchers = new Set<() => void>();
  /** Aborted when the worker is to stop, and when it is to end at once or has ended. */
  readonly #draining = new AbortController();
  readonly #ending = new AbortController();
  #stream: Stream | undefined;
  #failures = 0;

  constructor(settings: WorkerSettings, tasks: ReadonlyMap<string, Task>) {
    const { connection, leaseMs } = settings;
    this.#settings = settings;
    this.#tasks = tasks;
    this.#client = new Client(connection.target, connection.credentials(), connection.options({ ownConnection: true }));
    this.#pulse = new Pulse(leaseMs, performance.now());
  }

  /** Take nothing new and end when what runs has ended or was given back; called again, end at once. */
  stop(): void {
    (this.#draining.signal.aborted ? this.#ending : this.#draining).abort();
  }

  /** Work until stopped. Throws ExecutionProblem where the service refuses the worker for good. */
  async run(): Promise<void> {
    const pulse = setInterval(() => this.#feelPulse(), this.#pulse.beatMs);
    try {
      await Promise.race([this.#stayConnected(), this.#drain(), aborted(this.#ending.signal)]);
    } catch (error) {
      if (!this.#ending.signal.aborted) throw error;
    } finally {
      clearInterval(pulse);
      this.#ending.abort();
      for (const attempt of this.#attempts) attempt.drop("The worker has ended.", "worker_stops");
      this.#reconnect("The worker has ended.");
      this.#outbox.close();
      this.#client.close();
    }
  }

  stopped(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    this.#noteChange();
  }

  over(attempt: Attempt): void {
    this.#held.delete(keyOf(attempt.id, attempt.number));
    this.#noteChange();
  }

  unsettled(attempt: Attempt): void {
    this.over(attempt);
    this.#reconnect("An attempt is given up.");
  }

  /** Open one stream after the other; returns when the worker is to stop and has nothing more to say. */
  async #stayConnected(): Promise<void> {
    while (!(this.#draining.signal.aborted && this.#isIdle())) {
      try {
        await this.#talk();
      } catch (problem) {
        this.#ending.signal.throwIfAborted();
        if (!(problem instanceof ExecutionProblem) || HOPELESS.has(problem.code)) throw problem;
        const pause = this.#pauseAfter(problem);
        const level = this.#failures < FAILURES_TO_WARN ? "info" : "warn";
        this.#settings.log(level, `the stream has ended (${problem.message}); the next in ${Math.round(pause)} ms`);
        await sleep(pause, [this.#ending.signal]);
      }
    }
  }

  async #talk(): Promise<void> {
    this.#ending.signal.throwIfAborted();
    const metadata = this.#settings.connection.metadata({ waitForReady: false });
    this.#stream = new Stream(this.#client, metadata, this.#outbox, (response) => this.#take(response));
    this.#outbox.sendAgain();
    this.#pulse.reconnected();
    await this.#stream.run(this.#hello());
  }

  #hello(): WorkHello {
    const { workerId, concurrency, leaseMs } = this.#settings;
    return {
      workerId,
      // A worker that stops goes on with what it holds and takes nothing new.
      types: this.#draining.signal.aborted ? [] : [...this.#tasks.keys()],
      slots: Math.max(concurrency, this.#held.size),
      leaseDuration: toDuration(leaseMs, "leaseMs"),
      held: Array.from(this.#held.values(), ({ id, number }) => ({ id, attempt: number })),
    };
  }

  /** Longer each time in a row, with jitter, and not less than the server asks for. */
  #pauseAfter(problem: ExecutionProblem): number {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return Math.max(longest * (0.5 + Math.random() / 2), problem.retryDelayMs ?? 0);
  }

  /** Do what the server says. */
  #take(response: WorkResponse): void {
    this.#failures = 0;
    this.#pulse.heard(performance.now());
    for (const assignment of response.assignments) this.#begin(assignment);
    for (const acknowledgement of response.acknowledgements) this.#outbox.takeAcknowledgement(acknowledgement);
    for (const directive of response.directives) this.#follow(directive);
    this.#noteChange();
  }

  #begin(assignment: Assignment): void {
    const task = this.#tasks.get(assignment.type);
    if (this.#draining.signal.aborted || task === undefined) {
      // It was under way before the server knew.
      const content = { id: assignment.id, attempt: assignment.attempts, release: { delay: undefined } };
      this.#outbox.add(content, () => this.#noteChange());
      return;
    }
    const { progressIntervalMs, log } = this.#settings;
    const attempt = new Attempt(assignment, task, { outbox: this.#outbox, progressIntervalMs, log, owner: this });
    this.#held.set(keyOf(attempt.id, attempt.number), attempt);
    this.#attempts.add(attempt);
  }

  #follow({ id, attempt: number, cancelRequested, leaseLost, drain }: WorkDirective): void {
    const attempt = this.#held.get(keyOf(id, number));
    if (cancelRequested !== undefined && attempt !== undefined) {
      this.#settings.log("info", `${attempt}: asked to stop: ${cancelRequested.reason}`);
      attempt.askToStop(cancelRequested.reason || "Its cancellation was requested.", "cancel_requested");
    } else if (leaseLost !== undefined) attempt?.lose(leaseLost.cause || "not known why");
    else if (drain !== undefined) this.#settings.log("info", "the server stops; the worker goes on elsewhere");
  }

  #feelPulse(): void {
    const held = [...this.#held.values()];
    if (held.length === 0) {
      this.#pulse.heard(performance.now()); // There is nothing to lose.
      return;
    }
    const verdict = this.#pulse.judge(performance.now());
    if (verdict === "ask") held[0]?.keep();
    else if (verdict === "reconnect") this.#reconnect("The server does not answer.");
    else if (verdict === "lose") {
      for (const attempt of held) attempt.lose("the server is not heard any more");
      this.#reconnect("The leases are lost.");
    }
  }

  /** Begin a new stream, which tells the server what is held now: it keeps the leases of that and no more. */
  #reconnect(why: string): void {
    this.#stream?.giveUp(why);
  }

  /** When the worker is to stop, see to it that what runs ends; returns when it takes too long. */
  async #drain(): Promise<void> {
    await aborted(this.#draining.signal);
    const { drainMs, log } = this.#settings;
    log("info", `the worker stops: ${this.#unfinished().length} tasks run`);
    this.#stream?.finish();
    await this.#untilFinished(drainMs);
    for (const attempt of this.#unfinished()) attempt.askToStop("The worker stops.", "worker_stops");
    await this.#untilFinished(UNWIND_MS);
    for (const attempt of this.#unfinished()) attempt.giveBack();
    await sleep(FLUSH_MS, [this.#ending.signal]);
    log("warn", `the worker ends without an answer to its last ${this.#outbox.size} reports`);
  }

  /** The attempts that the worker still has to see to their end. */
  #unfinished(): Attempt[] {
    return [...this.#attempts].filter((attempt) => !attempt.muted);
  }

  #isIdle(): boolean {
    return this.#unfinished().length === 0 && this.#outbox.size === 0;
  }

  /** Something has ended or was answered: it may have been the last. */
  #noteChange(): void {
    for (const look of this.#watchers) look();
    if (this.#draining.signal.aborted && this.#isIdle()) this.#stream?.finish();
  }

  /** Wait until there is nothing to see to its end any more, but not longer than that. */
  #untilFinished(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      const look = () => this.#unfinished().length === 0 && done();
      const timer = setTimeout(done, milliseconds);
      this.#watchers.add(look);
      look();
    });
  }
}

function keyOf(id: string, attempt: number): string {
  return `${id} ${attempt}`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
