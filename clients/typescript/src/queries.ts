/** The verbs that change nothing. */

import { sleep } from "./abort.js";
import { type CallOptions, Calls } from "./calls.js";
import { fromCount, fromExecution, fromServerInfo } from "./from-wire.js";
import {
  ExecutionServiceService as service,
  type WaitExecutionResponse,
} from "./gen/croco/execution/v1/execution_service.js";
import type { Count, Execution, Page, ServerInfo, View } from "./model.js";
import { checkTime } from "./settings.js";
import { type Filter, toDuration, toFilter, toView } from "./to-wire.js";
import { Resume } from "./watching.js";

/** How long one call of a wait lasts: shorter than what proxies allow a silent call. */
const WAIT_MS = 20_000;
/** How much longer the deadline of such a call is. */
const GRACE_MS = 5_000;

/** What the verbs that answer one execution may be told. */
export interface GetOptions extends CallOptions {
  /** Left out, `full`. */
  readonly view?: View;
}

/** What `wait` may be told. */
export interface WaitOptions {
  /**
   * How long to wait; left out, for ever. When it has passed the execution is answered as it is: `isAtRest` of its status
   * tells.
   */
  readonly timeoutMs?: number;
  /** Left out, `full`. */
  readonly view?: View;
  /** Ends the wait when it is aborted: its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What `list` may be told. The deadline is that of the call for one page. */
export interface ListOptions extends CallOptions, Filter {
  /** Left out, the newest come first. */
  readonly oldestFirst?: boolean;
  /** How many to ask for at a time; left out, the server decides. */
  readonly pageSize?: number;
  /** Left out, `basic`. */
  readonly view?: View;
}

/** What `listPage` may be told. */
export interface ListPageOptions extends ListOptions {
  /** The `nextPageToken` of the page before, which was asked for with the same filter and order. */
  readonly pageToken?: string;
}

/** The verbs that change nothing. */
export class Queries extends Calls {
  /**
   * Answer an execution as last committed.
   *
   * @throws ExecutionNotFound if there is none
   */
  async get(id: string, options: GetOptions = {}): Promise<Execution> {
    const request = { id, view: toView(options.view) };
    const response = await this.call(service.getExecution, request, options);
    return fromExecution(response.execution);
  }

  /**
   * Answer the execution that holds an idempotency key.
   *
   * @throws ExecutionNotFound if there is none
   */
  async getByIdempotencyKey(idempotencyKey: string, options: GetOptions = {}): Promise<Execution> {
    const request = { idempotencyKey, view: toView(options.view) };
    const response = await this.call(service.getExecutionByIdempotencyKey, request, options);
    return fromExecution(response.execution);
  }

  /** Answer all executions that match, asking for the next page when it is needed. */
  async *list(options: ListOptions = {}): AsyncGenerator<Execution, void, undefined> {
    let pageToken = "";
    do {
      const page = await this.listPage({ ...options, pageToken });
      yield* page.executions;
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
  }

  /**
   * Answer one page of what `list` answers.
   *
   * @throws InvalidPageToken if the token was not made by this service for this filter and order
   */
  async listPage(options: ListPageOptions = {}): Promise<Page> {
    const request = {
      filter: toFilter(options),
      pageSize: options.pageSize ?? 0,
      pageToken: options.pageToken ?? "",
      orderBy: options.oldestFirst ? "created_at" : "created_at desc",
      view: toView(options.view),
    };
    const response = await this.call(service.listExecutions, request, options);
    return { executions: response.executions.map(fromExecution), nextPageToken: response.nextPageToken };
  }

  /** Answer how many executions match, in all and by status. */
  async count(options: CallOptions & Filter = {}): Promise<Count> {
    return fromCount(await this.call(service.countExecutions, { filter: toFilter(options) }, options));
  }

  /**
   * Wait until an execution is at rest, and answer it.
   *
   * Goes on over lost connections and restarts of the service.
   *
   * @throws ExecutionNotFound if there is no such execution, or there is no more
   * @throws Unavailable, DeadlineExceeded if the service could not be reached before `timeoutMs`, give or take 5 s
   */
  async wait(id: string, options: WaitOptions = {}): Promise<Execution> {
    const { timeoutMs } = options;
    const end = timeoutMs === undefined ? Infinity : performance.now() + checkTime(timeoutMs, "timeoutMs", 0);
    const resume = new Resume();
    for (;;) {
      const left = Math.max(1, Math.min(WAIT_MS, end - performance.now()));
      try {
        const { execution, done } = await this.#waitOnce(id, left, options);
        resume.succeeded();
        if (done || performance.now() >= end) return fromExecution(execution);
      } catch (problem) {
        const pause = resume.pauseAfter(problem);
        if (performance.now() + pause >= end) throw problem;
        await sleep(pause, [options.signal, this.connection.closing]);
      }
    }
  }

  /** Answer what the server is and what it takes. */
  async serverInfo(options: CallOptions = {}): Promise<ServerInfo> {
    return fromServerInfo(await this.call(service.getServerInfo, {}, options));
  }

  #waitOnce(id: string, milliseconds: number, { view, signal }: WaitOptions): Promise<WaitExecutionResponse> {
    const timeout = toDuration(Math.round(milliseconds), "timeoutMs");
    const options = { deadlineMs: milliseconds + GRACE_MS, signal, repeat: true };
    return this.longCall(service.waitExecution, { id, timeout, view: toView(view) }, options);
  }
}
