/** What goes on while other commands are done: watches, calls, workers. */

import { once } from "node:events";

import {
  type ExecutionClient,
  type Job,
  JobCancelled,
  Permanent,
  Retryable,
  type WatchMessage,
  Worker,
  type WorkerOptions,
} from "@croco/execution-client";

import { fromMessage, fromProblem, type Words } from "./values.js";

/** A watch under way. */
export class Watch {
  readonly #messages: WatchMessage[] = [];
  readonly #end = new AbortController();
  readonly #ended: Promise<void>;
  #over = false;
  #problem: unknown;
  #told: () => void = () => undefined;

  constructor(begin: (signal: AbortSignal) => AsyncIterable<WatchMessage>) {
    this.#ended = this.#read(begin(this.#end.signal));
  }

  /** Wait until something was told, or the watch has ended. */
  async until({ revision, status, events, bookmarks }: Words): Promise<Words> {
    const enough = () =>
      (revision !== undefined && this.#messages.some((message) => message.revision >= revision)) ||
      (status !== undefined && this.#messages.some((message) => statusOf(message) === status)) ||
      (events !== undefined && this.#messages.length >= events) ||
      (bookmarks !== undefined && this.#messages.filter(({ event }) => event === "bookmark").length >= bookmarks);
    while (!enough() && !this.#over) await new Promise<void>((resolve) => (this.#told = resolve));
    return this.#soFar();
  }

  /** Wait for its end. */
  async whole(): Promise<Words> {
    await this.#ended;
    return { ...this.#soFar(), problem: this.#problem === undefined ? null : fromProblem(this.#problem) };
  }

  /** End it. */
  async stop(): Promise<Words> {
    this.#end.abort();
    await this.#ended;
    return this.#soFar();
  }

  async #read(messages: AsyncIterable<WatchMessage>): Promise<void> {
    try {
      for await (const message of messages) {
        this.#messages.push(message);
        this.#told();
      }
    } catch (problem) {
      if (!this.#end.signal.aborted) this.#problem = problem;
    }
    this.#over = true;
    this.#told();
  }

  #soFar(): Words {
    return { messages: this.#messages.map(fromMessage) };
  }
}

function statusOf({ change, execution }: WatchMessage): string | undefined {
  return change?.to ?? execution?.status;
}

/** A call under way. */
export class Call {
  readonly #end = new AbortController();
  readonly #answer: Promise<unknown>;

  constructor(begin: (signal: AbortSignal) => Promise<unknown>) {
    this.#answer = begin(this.#end.signal);
    this.#answer.catch(() => undefined); // Told by `finish`.
  }

  /** Wait for its answer. */
  finish(): Promise<unknown> {
    return this.#answer;
  }

  /** End it. */
  async abandon(): Promise<null> {
    this.#end.abort();
    await this.#answer.catch(() => undefined);
    return null;
  }
}

/** A worker at work, whose handler does what the payload says. */
export class Work {
  readonly #worker: Worker;
  readonly #handled: Words[] = [];
  readonly #ended: Promise<void>;

  constructor(target: string, { types, ...options }: { readonly types: readonly string[] } & WorkerOptions) {
    this.#worker = new Worker(target, options);
    for (const type of types) this.#worker.task(type, (job) => this.#handle(job));
    this.#ended = this.#worker.run();
    this.#ended.catch(() => undefined); // Told by `stop`.
  }

  /** Have it end by itself. */
  async stop(): Promise<Words> {
    this.#worker.stop();
    await this.#ended;
    return { handled: this.#handled };
  }

  async #handle(job: Job): Promise<unknown> {
    const handled: Words = { id: job.id, attempt: job.attempt, ended: "completed" };
    this.#handled.push(handled);
    try {
      return await perform(job);
    } catch (error) {
      handled.ended = error instanceof JobCancelled ? ENDED[error.why] : "failed";
      throw error;
    }
  }
}

const ENDED = { cancel_requested: "cancelled", lease_lost: "lost", worker_stops: "released" } as const;

async function perform(job: Job): Promise<unknown> {
  for (const step of job.payload.do as readonly Words[]) {
    if ("checkpoint" in step) await job.checkpoint(step.checkpoint.key, step.checkpoint.value);
    else if ("progress" in step) job.progress(step.progress.current, step.progress.total, step.progress);
    else if ("fail" in step) throw failure(step.fail);
    else if ("fail_once" in step && job.attempt === 1) throw failure(step.fail_once);
    else if ("wait" in step) await cancelled(job.signal);
    else if ("complete" in step) return step.complete === "checkpoints" ? job.execution.checkpoints : step.complete;
  }
  return undefined;
}

function failure({ message, code, retryable }: Words): Error {
  return retryable === false ? new Permanent(message, { code }) : new Retryable(message, { code });
}

async function cancelled(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}

/** Begin a watch of one execution, or of many. */
export function watch(client: ExecutionClient, verb: "watch" | "watch_all", { id, ...options }: Words): Watch {
  return new Watch((signal) =>
    verb === "watch" ? client.watch(id, { ...options, signal }) : client.watchAll({ ...options, signal }),
  );
}
