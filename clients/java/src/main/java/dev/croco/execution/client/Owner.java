package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.CancelExecutionRequest;
import dev.croco.execution.v1.CreateExecutionResponse;
import dev.croco.execution.v1.DeleteExecutionRequest;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.RetryExecutionRequest;
import dev.croco.execution.v1.UpdateExecutionRequest;
import java.time.Duration;

/** The verbs of those who have work done. Unless they say otherwise they answer the basic view. */
abstract class Owner extends Batches {
  Owner(String target, ClientOptions options) {
    super(target, options);
  }

  /** As {@link #create(NewExecution, Duration)}, of what a type and a payload say. */
  public CreatedExecution create(String type, Object payload) {
    return create(NewExecution.of(type).payload(payload));
  }

  /** As {@link #create(NewExecution, Duration)}. */
  public CreatedExecution create(NewExecution created) {
    return create(created, null);
  }

  /**
   * Create a pending execution and answer it in full, or the one that holds the idempotency key.
   *
   * @param deadline how long the call may take, its repeats included; null is as the client was told
   * @throws ExecutionProblem IdempotencyKeyReused if the key belongs to an execution of another type or payload
   */
  public CreatedExecution create(NewExecution created, Duration deadline) {
    CreateExecutionResponse answer =
        caller.call(ExecutionServiceGrpc.getCreateExecutionMethod(), created.request(), deadline);
    return new CreatedExecution(answer.getExecution(), answer.getCreated());
  }

  /** As {@link #update(String, Update, ChangeOptions)}. */
  public Execution update(String id, Update update) {
    return update(id, update, new ChangeOptions());
  }

  /**
   * Replace what the update says.
   *
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is completed or cancelled, where only
   *     metadata and labels may change
   */
  public Execution update(String id, Update update, ChangeOptions options) {
    UpdateExecutionRequest request = options.on(update.request(id)).build();
    return new Execution(
        caller.call(ExecutionServiceGrpc.getUpdateExecutionMethod(), request, options.deadline()).getExecution());
  }

  /** As {@link #delete(String, boolean, ChangeOptions)}, of an execution that is pending or at rest. */
  public void delete(String id) {
    delete(id, false, new ChangeOptions());
  }

  /**
   * Remove an execution and its idempotency key; with {@code force} even if it is running or retrying.
   *
   * @throws ExecutionProblem ExecutionNotFound; ExecutionActive if it is running or retrying
   */
  public void delete(String id, boolean force, ChangeOptions options) {
    DeleteExecutionRequest request =
        options.on(DeleteExecutionRequest.newBuilder().setId(id).setForce(force)).build();
    caller.call(ExecutionServiceGrpc.getDeleteExecutionMethod(), request, options.deadline());
  }

  /** As {@link #cancel(String, String, Duration, ChangeOptions)}, at once. */
  public Execution cancel(String id, String reason) {
    return cancel(id, reason, null, new ChangeOptions());
  }

  /**
   * Pending, running or retrying to cancelled. The reason is kept in the metadata as {@code cancellationReason}.
   *
   * <p>On a cancelled execution it changes nothing: the first reason stays.
   *
   * @param gracePeriod what is running gets this long to stop by itself, and is running in the answer, where {@code
   *     cancellationForcedAt} tells until when; null is none
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is completed, failed or timed out
   */
  public Execution cancel(String id, String reason, Duration gracePeriod, ChangeOptions options) {
    CancelExecutionRequest.Builder request = CancelExecutionRequest.newBuilder().setId(id).setReason(reason);
    if (gracePeriod != null) {
      request.setGracePeriod(Times.toDuration(gracePeriod));
    }
    return new Execution(
        caller
            .call(ExecutionServiceGrpc.getCancelExecutionMethod(), options.on(request).build(), options.deadline())
            .getExecution());
  }

  /** As {@link #retry(String, int, ChangeOptions)}, without more attempts. */
  public Execution retry(String id) {
    return retry(id, 0, new ChangeOptions());
  }

  /**
   * Failed or timed out to retrying: allow the next {@code start}. Starts nothing by itself.
   *
   * @param additionalAttempts raises the number of attempts that may be started by this
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if its status cannot be retried;
   *     MaxRetriesExceeded if no attempts are left
   */
  public Execution retry(String id, int additionalAttempts, ChangeOptions options) {
    RetryExecutionRequest request =
        options
            .on(RetryExecutionRequest.newBuilder().setId(id).setAdditionalAttempts(additionalAttempts))
            .build();
    return new Execution(
        caller.call(ExecutionServiceGrpc.getRetryExecutionMethod(), request, options.deadline()).getExecution());
  }
}
