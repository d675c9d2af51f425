/** What all verbs are made with. */

import type { Client } from "@grpc/grpc-js";

import { sleep, throwIfAborted } from "./abort.js";
import { Connection } from "./connection.js";
import { DeadlineExceeded, ExecutionProblem } from "./problems.js";
import { problemOf } from "./rpc-errors.js";
import { checkTime, type ConnectionOptions, Settings } from "./settings.js";
import { invoke, type Method, serialize } from "./transport.js";

const TRIES = 5;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 3_000;

/** What a client may be told beside its target. */
export interface ClientOptions extends ConnectionOptions {
  /** How long a call may take, its repeats included, if it says nothing else; left out, 10 s. */
  readonly deadlineMs?: number;
  /**
   * A watch that hears nothing for this long takes its stream for lost; left out, 30 s. The server sends something
   * every 10 s.
   */
  readonly watchSilenceMs?: number;
}

/** What every verb may be told. */
export interface CallOptions {
  /** How long the call may take, its repeats included; left out, as the client was told. */
  readonly deadlineMs?: number;
  /** Ends the call when it is aborted: its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What every verb that changes an execution may be told. */
export interface ChangeOptions extends CallOptions {
  /** The revision that the execution must have, else the call throws RevisionMismatch. */
  readonly expectedRevision?: number;
  /**
   * Names the call so that it can be repeated. The client makes one up for each call and keeps it over its automatic
   * repeats; give one to repeat a call yourself.
   */
  readonly requestId?: string;
}

/** What the verbs of those who do the work may be told. */
export interface AttemptOptions extends ChangeOptions {
  /**
   * The attempt that the caller runs, as `start` answered it. If it is not the current one any more the call throws
   * AttemptFenced, and nothing of it is taken.
   */
  readonly attempt?: number;
}

/** Opens, uses and closes the connections. */
export class Calls {
  /** @internal */
  protected readonly settings: Settings;
  /** @internal */
  protected readonly connection: Connection;
  /** @internal */
  protected readonly watchSilenceMs: number;
  readonly #deadlineMs: number;

  /**
   * Connect with the first call.
   *
   * @param target the server as gRPC names it, such as `localhost:50051` or `dns:///execution-headless:50051`. Calls go
   * round robin over all addresses that the name has
   * @throws RangeError if the token would go over the network in plain text, or a time is not longer than 0
   */
  constructor(target: string, options: ClientOptions = {}) {
    this.#deadlineMs = checkTime(options.deadlineMs ?? 10_000, "deadlineMs");
    this.watchSilenceMs = checkTime(options.watchSilenceMs ?? 30_000, "watchSilenceMs");
    this.settings = new Settings(target, options);
    this.connection = new Connection(this.settings);
  }

  /** End all calls and close the connections. A call after that throws ClientClosed. May be called twice. */
  close(): void {
    this.connection.close();
  }

  /**
   * Make a short call, again if it may have passed by itself what kept it from being answered.
   *
   * @internal
   */
  protected async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    throwIfAborted([options.signal, this.connection.closing]);
    return this.#call(this.connection.short, method, request, options, TRIES);
  }

  /**
   * Make a call that takes its time, on a connection for such.
   *
   * @internal
   */
  protected async longCall<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions & { readonly repeat: boolean },
  ): Promise<Response> {
    throwIfAborted([options.signal, this.connection.closing]);
    const { client, giveBack } = this.connection.takePlace();
    try {
      return await this.#call(client, method, request, options, options.repeat ? TRIES : 1);
    } finally {
      giveBack();
    }
  }

  /**
   * By hand and not by gRPC's service config, whose repeats heed no RetryInfo, stop at requests of a certain size, and do
   * not say, when the deadline comes, why the tries before had failed. Every call may be repeated, except a claim: those
   * that change something carry a `request_id`.
   */
  async #call<Request, Response>(
    client: Client,
    method: Method<Request, Response>,
    request: Request,
    options: CallOptions,
    tries: number,
  ): Promise<Response> {
    const deadlineMs = checkTime(options.deadlineMs ?? this.#deadlineMs, "deadlineMs");
    const bytes = serialize(method, request);
    const signals = [options.signal, this.connection.closing];
    const end = performance.now() + deadlineMs;
    for (let tried = 1; ; tried++) {
      const metadata = this.settings.metadata({ waitForReady: true });
      try {
        const left = Math.max(0, end - performance.now());
        return await invoke(client, method, bytes, { deadlineMs: left, metadata, signals });
      } catch (error) {
        const problem = problemOf(error);
        if (problem instanceof DeadlineExceeded) throw this.#unreachable(problem, deadlineMs);
        const pause = pauseAfter(problem, tried);
        throwIfAborted(signals);
        if (tried === tries || pause === undefined || performance.now() + pause >= end) throw problem;
        await sleep(pause, signals);
      }
    }
  }

  /** gRPC waits for a server that is not there until the deadline, and then does not say so. */
  #unreachable(problem: DeadlineExceeded, deadlineMs: number): DeadlineExceeded {
    const message = `${this.settings.target} gave no answer within ${deadlineMs} ms: can it be reached?`;
    const told = new DeadlineExceeded(`${message} (${problem.message})`, problem.code, problem);
    told.cause = problem;
    return told;
  }
}

/**
 * Answer for how long to wait before a call is repeated: longer each time, with jitter, and not less than the server asks
 * for; undefined if a repeat is of no use.
 *
 * CANCELLED is repeated too: with it, a server that stops ends the calls that have arrived but were not taken up yet.
 */
function pauseAfter(problem: unknown, tried: number): number | undefined {
  if (!(problem instanceof ExecutionProblem)) return undefined;
  if (problem.code !== "UNAVAILABLE" && problem.code !== "CANCELLED") return undefined;
  const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 4 ** (tried - 1));
  return Math.max(pause * (0.8 + 0.4 * Math.random()), problem.retryDelayMs ?? 0);
}
