package dev.croco.execution.client;

import dev.croco.execution.client.internal.MessageStream;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.ExecutionServiceGrpc;

/**
 * Speaks to the execution service. May be used by many threads; close it in the end.
 *
 * <p>Every verb waits for its answer, and throws an {@link ExecutionProblem} where it is refused or has none; its
 * comment names those that a program may want to tell apart. Interrupting the thread ends the call: it throws
 * Cancelled, and the thread stays interrupted. IllegalArgumentException means that an argument cannot be sent.
 *
 * <p>What passes by itself (Unavailable) is repeated within the call's deadline, up to five tries in all. Every call
 * that changes something carries a request id, so its effect happens once.
 */
public final class ExecutionClient extends Leases {
  /**
   * Connect with the first call.
   *
   * @param target the server as gRPC names it, such as {@code localhost:50051} or {@code
   *     dns:///execution-headless:50051}. Calls go round robin over all addresses that the name has
   * @throws IllegalArgumentException if the token would go over the network in plain text, or the certificates cannot
   *     be read
   */
  public ExecutionClient(String target, ClientOptions options) {
    super(target, options);
  }

  /** As the other constructor, with the usual options. */
  public ExecutionClient(String target) {
    this(target, ClientOptions.usual());
  }

  /** As {@link #watch(String, WatchOptions)}. */
  public Watch watch(String id) {
    return watch(id, new WatchOptions());
  }

  /**
   * Tell what happens to an execution until it is at rest.
   *
   * <p>First comes a SNAPSHOT (or, after a revision, what came after it), then every status change once, in order of
   * revisions; of other changes the newest.
   *
   * <p>Reading may throw ExecutionNotFound (there is none, or there is no more), WatchRevisionCompacted (the history
   * does not reach back to the revision; watch again without one) or TooManyWatches.
   */
  public Watch watch(String id, WatchOptions options) {
    return Watch.of(
        options.watching(id),
        request -> MessageStream.open(connection, ExecutionServiceGrpc.getWatchExecutionMethod(), request),
        watchSilence);
  }

  /** As {@link #watchAll(Filter, boolean)}, with a snapshot. */
  public Watch watchAll(Filter filter) {
    return watchAll(filter, true);
  }

  /**
   * Tell what happens to all executions that match, in the basic view, for ever.
   *
   * <p>With {@code snapshot} each comes as it is, then one BOOKMARK, then the changes. A lost connection is bridged by
   * a new snapshot: what has changed in the meantime comes as SNAPSHOT (status changes that another has overtaken are
   * not told), what does not match any more or was deleted as MISSING, then another BOOKMARK. Without {@code snapshot}
   * that new one tells also what never changed: the client did not know it.
   *
   * <p>Reading may throw TooManyWatches: the server takes no more, or the messages were not read fast enough; watch
   * again.
   */
  public Watch watchAll(Filter filter, boolean snapshot) {
    return Watch.of(
        new WatchingAll(filter.wire(), snapshot),
        request -> MessageStream.open(connection, ExecutionServiceGrpc.getWatchExecutionsMethod(), request),
        watchSilence);
  }
}
