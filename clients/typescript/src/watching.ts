/**
 * What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat.
 *
 * Nothing here does I/O: the client asks for `request`, feeds every message to `take` and tells what it answers, and when
 * a stream has ended asks `ended` or `Resume` whether to go on. (A stream is cut more often than one may think: by servers
 * that drain or bound the age of a connection, by proxies, by networks.)
 */

import { fromEvent, fromStatus, fromWatch } from "./from-wire.js";
import { type ExecutionStatus as WireStatus, type ExecutionView } from "./gen/croco/execution/v1/execution.js";
import {
  type ExecutionFilter,
  WatchExecutionRequest,
  type WatchExecutionResponse,
  type WatchExecutionsRequest,
  type WatchExecutionsResponse,
} from "./gen/croco/execution/v1/execution_service.js";
import type { ExecutionStatus, WatchMessage } from "./model.js";
import { ClientClosed, type Code, DeadlineExceeded, ExecutionProblem, Unavailable } from "./problems.js";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const TRIES = 5;
/** How gRPC reports a stream that ended without a status, by what the proxy or the server did to the connection. */
const BROKEN: ReadonlySet<Code> = new Set<Code>(["CANCELLED", "INTERNAL", "UNKNOWN"]);
const ACTIVE: ReadonlySet<ExecutionStatus> = new Set<ExecutionStatus>(["pending", "running", "retrying"]);

/** Decides whether to ask again after a problem, and after which pause. */
export class Resume {
  #failures = 0;

  /** Take note that an answer came: the next pause is short again. */
  succeeded(): void {
    this.#failures = 0;
  }

  /**
   * Answer for how long to wait before asking again, in milliseconds: longer each time in a row, with jitter, and not less
   * than the server asks for.
   *
   * @throws `problem` itself if asking again is of no use. A service that does not answer is asked for ever; one whose
   * streams break in some other way, five times in a row
   */
  pauseAfter(problem: unknown): number {
    this.#failures += 1;
    if (!(problem instanceof ExecutionProblem) || !this.#mayPass(problem)) throw problem;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10));
    return Math.max(longest * (0.5 + Math.random() / 2), problem.retryDelayMs ?? 0);
  }

  #mayPass(problem: ExecutionProblem): boolean {
    if (problem instanceof ClientClosed) return false;
    if (problem instanceof Unavailable || problem instanceof DeadlineExceeded) return true;
    return BROKEN.has(problem.code) && problem.reason === "" && this.#failures <= TRIES;
  }
}

/** What the two kinds of watch have in common. */
export interface Watching<Request, Response> {
  /** Answer what to ask for next. */
  request(): Request;
  /** Take note of a message and answer what is to be told of it. */
  take(message: Response): readonly WatchMessage[];
  /** Tell whether a stream that ended with OK is the end of the watch. */
  ended(): boolean;
}

/** A watch of one execution. Its cursor is the revision. */
export class WatchingOne implements Watching<WatchExecutionRequest, WatchExecutionResponse> {
  readonly #id: string;
  readonly #follow: boolean;
  readonly #view: ExecutionView;
  #revision: number | undefined;
  #status: ExecutionStatus | undefined;

  constructor(id: string, afterRevision: number | undefined, follow: boolean, view: ExecutionView) {
    this.#id = id;
    this.#revision = afterRevision;
    this.#follow = follow;
    this.#view = view;
  }

  /** Ask for what comes after the last message. */
  request(): WatchExecutionRequest {
    return { id: this.#id, afterRevision: this.#revision, follow: this.#follow, view: this.#view };
  }

  /** Answer the message, unless it is a bookmark or was told before. */
  take(message: WatchExecutionResponse): readonly WatchMessage[] {
    const status = message.execution?.status ?? message.change?.to;
    if (status !== undefined) this.#status = fromStatus(status);
    if (this.#revision !== undefined && message.revision <= this.#revision) return [];
    this.#revision = message.revision;
    if (fromEvent(message.event) === "bookmark") return [];
    return [fromWatch(this.#id, message)];
  }

  /**
   * Tell whether the execution came to rest.
   *
   * The server knows best: with `afterRevision` no message may have told the status, and a newer server may have final
   * statuses that are unknown here. Only what is known to be active was cut off.
   */
  ended(): boolean {
    return !this.#follow && (this.#status === undefined || !ACTIVE.has(this.#status));
  }
}

/**
 * A watch of all executions that match a filter. Has no cursor: it knows the revision of each execution instead.
 *
 * A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not changed is
 * not told again, and what is not in it any more is told as `missing`.
 */
export class WatchingAll implements Watching<WatchExecutionsRequest, WatchExecutionsResponse> {
  readonly #filter: ExecutionFilter;
  readonly #statuses: ReadonlySet<WireStatus>;
  readonly #known = new Map<string, number>();
  #snapshot: boolean;
  #unseen: Map<string, number> | undefined;

  constructor(filter: ExecutionFilter, snapshot: boolean) {
    this.#filter = filter;
    this.#statuses = new Set(filter.statuses);
    this.#snapshot = snapshot;
  }

  /** Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on. */
  request(): WatchExecutionsRequest {
    const snapshot = this.#snapshot;
    this.#snapshot = true;
    this.#unseen = snapshot ? new Map(this.#known) : undefined;
    return { filter: this.#filter, snapshot };
  }

  /** Answer the message, unless it was told before, or is a bookmark that does not end a snapshot. */
  take(message: WatchExecutionsResponse): readonly WatchMessage[] {
    const event = fromEvent(message.event);
    if (event === "bookmark") return this.#endOfSnapshot(message);
    this.#unseen?.delete(message.id);
    if (event === "deleted") this.#known.delete(message.id);
    else if (message.revision <= (this.#known.get(message.id) ?? 0)) return [];
    else this.#remember(message);
    return [fromWatch(message.id, message)];
  }

  /** Such a watch never ends by itself. */
  ended(): boolean {
    return false;
  }

  /**
   * Keep the revision, or forget the execution if it left the filter: no snapshot will hold it.
   *
   * The status is the only part of a filter that an execution can leave.
   */
  #remember(message: WatchExecutionsResponse): void {
    const status = message.execution?.status ?? message.change?.to;
    if (this.#statuses.size > 0 && status && !this.#statuses.has(status)) this.#known.delete(message.id);
    else this.#known.set(message.id, message.revision);
  }

  #endOfSnapshot(message: WatchExecutionsResponse): readonly WatchMessage[] {
    if (this.#unseen === undefined) return [];
    const missing: WatchMessage[] = [];
    for (const [id, revision] of this.#unseen) {
      this.#known.delete(id);
      missing.push({ id, revision, event: "missing" });
    }
    this.#unseen = undefined;
    return [...missing, fromWatch(message.id, message)];
  }
}
