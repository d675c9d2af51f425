package dev.croco.execution.client;

import dev.croco.execution.client.internal.RpcErrors;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.BatchCreateExecutionsRequest;
import dev.croco.execution.v1.BatchCreateOutcome;
import dev.croco.execution.v1.BatchGetExecutionsRequest;
import dev.croco.execution.v1.BatchGetOutcome;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;

/** The verbs that do in one call what others do for one execution. They answer the basic view by default. */
abstract class Batches extends Queries {
  Batches(String target, ClientOptions options) {
    super(target, options);
  }

  /** As {@link #batchCreate(Collection, View, Duration)}. */
  public List<Outcome<CreatedExecution>> batchCreate(Collection<NewExecution> created) {
    return batchCreate(created, null, null);
  }

  /**
   * Create up to 500 executions, many times cheaper than by as many calls.
   *
   * <p>Each is created, found or refused by itself, as {@code create} does it: in its place stands what {@code create}
   * would have answered or thrown. Where the answer has no room for all, the rest is fetched by {@code get}.
   *
   * @param created what to create, together up to 4 MiB
   * @throws ExecutionProblem InvalidField if there are none, or too many; Unavailable if there is an answer for none of
   *     them
   */
  public List<Outcome<CreatedExecution>> batchCreate(Collection<NewExecution> created, View view, Duration deadline) {
    BatchCreateExecutionsRequest request =
        BatchCreateExecutionsRequest.newBuilder()
            .addAllRequests(created.stream().map(NewExecution::request).toList())
            .setView(View.wire(view))
            .build();
    return caller
        .call(ExecutionServiceGrpc.getBatchCreateExecutionsMethod(), request, deadline)
        .getOutcomesList()
        .stream()
        .map(one -> outcome(() -> new CreatedExecution(whole(one, view, deadline), one.getCreated())))
        .toList();
  }

  /** As {@link #batchGet(Collection, View, Duration)}. */
  public List<Outcome<Execution>> batchGet(Collection<String> ids) {
    return batchGet(ids, null, null);
  }

  /**
   * Answer up to 500 executions, each as last committed, in the order of {@code ids}.
   *
   * <p>In the place of one that is not there stands an ExecutionNotFound. Where the answer has no room for all, the
   * rest is fetched by {@code get}.
   *
   * @throws ExecutionProblem InvalidField if there are no ids, or too many; Unavailable if there is an answer for none
   *     of them
   */
  public List<Outcome<Execution>> batchGet(Collection<String> ids, View view, Duration deadline) {
    BatchGetExecutionsRequest request =
        BatchGetExecutionsRequest.newBuilder().addAllIds(ids).setView(View.wire(view)).build();
    return caller
        .call(ExecutionServiceGrpc.getBatchGetExecutionsMethod(), request, deadline)
        .getOutcomesList()
        .stream()
        .map(one -> outcome(() -> new Execution(whole(one, view, deadline))))
        .toList();
  }

  private static <E extends Execution> Outcome<E> outcome(Supplier<E> found) {
    try {
      return new Outcome<>(found.get(), null);
    } catch (ExecutionProblem problem) {
      return new Outcome<>(null, problem);
    }
  }

  private dev.croco.execution.v1.Execution whole(BatchCreateOutcome outcome, View view, Duration deadline) {
    if (outcome.hasRefusal()) {
      throw RpcErrors.problemOf(outcome.getRefusal());
    }
    return whole(outcome.getExecution(), outcome.getCut(), view, deadline);
  }

  private dev.croco.execution.v1.Execution whole(BatchGetOutcome outcome, View view, Duration deadline) {
    if (outcome.hasRefusal()) {
      throw RpcErrors.problemOf(outcome.getRefusal());
    }
    return whole(outcome.getExecution(), outcome.getCut(), view, deadline);
  }

  /** Answer an execution with all that the view has. */
  private dev.croco.execution.v1.Execution whole(
      dev.croco.execution.v1.Execution found, boolean cut, View view, Duration deadline) {
    return cut ? found(found.getId(), view == null ? View.BASIC : view, deadline) : found;
  }
}
