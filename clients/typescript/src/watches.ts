/** The verbs that go on telling. */

import { sleep } from "./abort.js";
import { ExecutionServiceService as service } from "./gen/croco/execution/v1/execution_service.js";
import type { ExecutionStatus, View, WatchMessage } from "./model.js";
import { Unavailable } from "./problems.js";
import { Queries } from "./queries.js";
import { toFilter, toView } from "./to-wire.js";
import { type Method, serialize, stream } from "./transport.js";
import { Resume, type Watching, WatchingAll, WatchingOne } from "./watching.js";

/** What `watch` may be told. */
export interface WatchOptions {
  /** The revision of the last message of an earlier watch. */
  readonly afterRevision?: number;
  /** Stay when the execution comes to rest: a retry may revive it. */
  readonly follow?: boolean;
  /** Left out, `basic`. */
  readonly view?: View;
  /** Ends the watch when it is aborted: its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** What `watchAll` may be told: those with one of these, left out or empty any. */
export interface WatchAllOptions {
  readonly statuses?: readonly ExecutionStatus[];
  readonly types?: readonly string[];
  readonly parentId?: string;
  /** Whether to begin with each that matches; left out, yes. */
  readonly snapshot?: boolean;
  /** Ends the watch when it is aborted: its reason is thrown. */
  readonly signal?: AbortSignal;
}

/** The verbs that go on telling. */
export class Watches extends Queries {
  /**
   * Tell what happens to an execution until it is at rest, in the basic view by default.
   *
   * First comes a `snapshot` (or, with `afterRevision`, what came after it), then every status change once, in order of
   * revisions; of other changes the newest. Lost connections and restarts of the service are bridged without a gap and
   * without a repeat, for as long as it takes. Leaving the loop ends the call.
   *
   * @throws ExecutionNotFound if there is no such execution, or there is no more
   * @throws WatchRevisionCompacted if the history does not reach back to the revision; watch again without one
   * @throws TooManyWatches if the server takes no more
   */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<WatchMessage, void, undefined> {
    const { afterRevision, follow = false, view, signal } = options;
    const watching = new WatchingOne(id, afterRevision, follow, toView(view));
    return this.#watch(watching, service.watchExecution, signal);
  }

  /**
   * Tell what happens to all executions that match, in the basic view, for ever.
   *
   * With `snapshot` each comes as it is, then one `bookmark`, then the changes. A lost connection is bridged by a new
   * snapshot: what has changed in the meantime comes as `snapshot` (status changes that another has overtaken are not
   * told), what does not match any more or was deleted as `missing`, then another `bookmark`. Without `snapshot` that new
   * one tells also what never changed: the client did not know it.
   *
   * @throws TooManyWatches if the server takes no more, or the messages were not read fast enough; watch again
   */
  watchAll(options: WatchAllOptions = {}): AsyncGenerator<WatchMessage, void, undefined> {
    const watching = new WatchingAll(toFilter(options), options.snapshot ?? true);
    return this.#watch(watching, service.watchExecutions, options.signal);
  }

  async *#watch<Request, Response>(
    watching: Watching<Request, Response>,
    method: Method<Request, Response>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<WatchMessage, void, undefined> {
    const signals = [signal, this.connection.closing];
    const resume = new Resume();
    for (;;) {
      let problem: unknown;
      try {
        for await (const message of this.#stream(watching, method, signals)) {
          resume.succeeded();
          yield* watching.take(message);
        }
        if (watching.ended()) return;
        problem = new Unavailable("The stream ended early.", "UNAVAILABLE");
      } catch (lost) {
        problem = lost;
      }
      await sleep(resume.pauseAfter(problem), signals);
    }
  }

  async *#stream<Request, Response>(
    watching: Watching<Request, Response>,
    method: Method<Request, Response>,
    signals: readonly (AbortSignal | undefined)[],
  ): AsyncGenerator<Response, void, undefined> {
    const { client, giveBack } = this.connection.takePlace();
    try {
      const metadata = this.settings.metadata({ waitForReady: true });
      const silenceMs = this.watchSilenceMs;
      yield* stream(client, method, serialize(method, watching.request()), { metadata, signals, silenceMs });
    } finally {
      giveBack();
    }
  }
}
