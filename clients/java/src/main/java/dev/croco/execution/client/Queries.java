package dev.croco.execution.client;

import dev.croco.execution.client.internal.Pauses;
import dev.croco.execution.client.internal.Resume;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.CountExecutionsRequest;
import dev.croco.execution.v1.CountExecutionsResponse;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.GetExecutionByIdempotencyKeyRequest;
import dev.croco.execution.v1.GetExecutionRequest;
import dev.croco.execution.v1.GetServerInfoRequest;
import dev.croco.execution.v1.ListExecutionsRequest;
import dev.croco.execution.v1.ListExecutionsResponse;
import dev.croco.execution.v1.StatusCount;
import dev.croco.execution.v1.WaitExecutionRequest;
import dev.croco.execution.v1.WaitExecutionResponse;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/** The verbs that change nothing. */
abstract class Queries extends Calls {
  Queries(String target, ClientOptions options) {
    super(target, options);
  }

  /** As {@link #get(String, View, Duration)}, in the full view. */
  public Execution get(String id) {
    return get(id, null, null);
  }

  /** As {@link #get(String, View, Duration)}. */
  public Execution get(String id, View view) {
    return get(id, view, null);
  }

  /**
   * Answer an execution as last committed.
   *
   * @param view null is the full one
   * @param deadline how long the call may take, its repeats included; null is as the client was told
   * @throws ExecutionProblem ExecutionNotFound
   */
  public Execution get(String id, View view, Duration deadline) {
    return new Execution(found(id, view, deadline));
  }

  dev.croco.execution.v1.Execution found(String id, View view, Duration deadline) {
    GetExecutionRequest request = GetExecutionRequest.newBuilder().setId(id).setView(View.wire(view)).build();
    return caller.call(ExecutionServiceGrpc.getGetExecutionMethod(), request, deadline).getExecution();
  }

  /** As {@link #getByIdempotencyKey(String, View, Duration)}, in the full view. */
  public Execution getByIdempotencyKey(String idempotencyKey) {
    return getByIdempotencyKey(idempotencyKey, null, null);
  }

  /**
   * Answer the execution that holds an idempotency key. The arguments are those of {@code get}.
   *
   * @throws ExecutionProblem ExecutionNotFound
   */
  public Execution getByIdempotencyKey(String idempotencyKey, View view, Duration deadline) {
    GetExecutionByIdempotencyKeyRequest request =
        GetExecutionByIdempotencyKeyRequest.newBuilder()
            .setIdempotencyKey(idempotencyKey)
            .setView(View.wire(view))
            .build();
    return new Execution(
        caller
            .call(ExecutionServiceGrpc.getGetExecutionByIdempotencyKeyMethod(), request, deadline)
            .getExecution());
  }

  /** As {@link #list(Filter, ListOptions)}. */
  public Stream<Execution> list(Filter filter) {
    return list(filter, new ListOptions());
  }

  /** Answer all executions that match. Asks for the first page now, and for the next when it is needed. */
  public Stream<Execution> list(Filter filter, ListOptions options) {
    Page first = listPage(filter, "", options);
    return Stream.iterate(first, Objects::nonNull, page -> after(page, filter, options))
        .flatMap(page -> page.executions().stream());
  }

  private Page after(Page page, Filter filter, ListOptions options) {
    return page.nextPageToken().isEmpty() ? null : listPage(filter, page.nextPageToken(), options);
  }

  /**
   * Answer one page of what {@code list} answers.
   *
   * @param pageToken the token of the page before, which was asked for with the same filter and order; empty for the
   *     first
   * @throws ExecutionProblem InvalidPageToken
   */
  public Page listPage(Filter filter, String pageToken, ListOptions options) {
    ListExecutionsRequest request =
        ListExecutionsRequest.newBuilder()
            .setFilter(filter.wire())
            .setPageSize(options.pageSize())
            .setPageToken(pageToken)
            .setOrderBy(options.orderBy())
            .setView(View.wire(options.view()))
            .build();
    ListExecutionsResponse answer =
        caller.call(ExecutionServiceGrpc.getListExecutionsMethod(), request, options.deadline());
    return new Page(Noun.all(answer.getExecutionsList(), Execution::new), answer.getNextPageToken());
  }

  /** As {@link #count(Filter, Duration)}. */
  public Count count(Filter filter) {
    return count(filter, null);
  }

  /** Answer how many executions match, in all and by status. Statuses that are not known here are counted together. */
  public Count count(Filter filter, Duration deadline) {
    CountExecutionsRequest request = CountExecutionsRequest.newBuilder().setFilter(filter.wire()).build();
    CountExecutionsResponse answer =
        caller.call(ExecutionServiceGrpc.getCountExecutionsMethod(), request, deadline);
    Map<ExecutionStatus, Long> byStatus = new EnumMap<>(ExecutionStatus.class);
    for (StatusCount entry : answer.getByStatusList()) {
      byStatus.merge(ExecutionStatus.of(entry.getStatus()), entry.getCount(), Long::sum);
    }
    return new Count(answer.getCount(), byStatus);
  }

  /** As {@link #serverInfo(Duration)}. */
  public ServerInfo serverInfo() {
    return serverInfo(null);
  }

  /** Answer what the server is and takes: its version, its store and what that promises, its limits. */
  public ServerInfo serverInfo(Duration deadline) {
    GetServerInfoRequest request = GetServerInfoRequest.getDefaultInstance();
    return new ServerInfo(caller.call(ExecutionServiceGrpc.getGetServerInfoMethod(), request, deadline));
  }

  /** As {@link #waitFor(String, Duration, View)}, for ever and in the full view. */
  public Execution waitFor(String id) {
    return waitFor(id, null, null);
  }

  /** As {@link #waitFor(String, Duration, View)}, in the full view. */
  public Execution waitFor(String id, Duration timeout) {
    return waitFor(id, timeout, null);
  }

  /**
   * Wait until an execution is at rest, and answer it. Goes on over lost connections and restarts of the service.
   *
   * <p>(The other clients call it wait, which in Java every object has.)
   *
   * @param timeout how long to wait; null is for ever. When it has passed the execution is answered as it is: its
   *     status tells
   * @param view null is the full one
   * @throws ExecutionProblem ExecutionNotFound; Unavailable or DeadlineExceeded if the service could not be reached
   *     before the timeout, give or take 5 s
   */
  public Execution waitFor(String id, Duration timeout, View view) {
    long begun = System.nanoTime();
    Resume resume = new Resume();
    while (true) {
      Duration left = timeout == null ? ROUND : timeout.minusNanos(System.nanoTime() - begun);
      Duration round = Duration.ofMillis(Math.max(1, Math.min(ROUND.toMillis(), left.toMillis())));
      try {
        WaitExecutionResponse answer = waitOnce(id, round, view);
        resume.succeeded();
        if (answer.getDone() || isOver(timeout, begun, Duration.ZERO)) {
          return new Execution(answer.getExecution());
        }
      } catch (ExecutionProblem problem) {
        Duration pause = resume.pauseAfter(problem);
        if (isOver(timeout, begun, pause)) {
          throw problem;
        }
        Pauses.sleep(pause);
      }
    }
  }

  /** Whether a wait will be over after a pause. */
  private static boolean isOver(Duration timeout, long begun, Duration pause) {
    return timeout != null && timeout.minusNanos(System.nanoTime() - begun).compareTo(pause) <= 0;
  }

  private WaitExecutionResponse waitOnce(String id, Duration round, View view) {
    WaitExecutionRequest request =
        WaitExecutionRequest.newBuilder()
            .setId(id)
            .setTimeout(Times.toDuration(round))
            .setView(View.wire(view))
            .build();
    return caller.longCall(ExecutionServiceGrpc.getWaitExecutionMethod(), request, round.plus(GRACE), true);
  }
}
