package dev.croco.execution.client;

import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.CompleteExecutionRequest;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.FailExecutionRequest;
import dev.croco.execution.v1.SaveCheckpointRequest;
import dev.croco.execution.v1.StartExecutionRequest;
import dev.croco.execution.v1.TimeOutExecutionRequest;
import dev.croco.execution.v1.UpdateProgressRequest;
import java.util.Collections;
import java.util.Map;

/** The verbs of those who do the work. Unless they say otherwise they answer the basic view. */
abstract class Attempts extends Owner {
  Attempts(String target, ClientOptions options) {
    super(target, options);
  }

  /** As {@link #start(String, ChangeOptions)}. */
  public Execution start(String id) {
    return start(id, new ChangeOptions());
  }

  /**
   * Pending or retrying to running: begin an attempt, whose number is the answer's {@code attempts}.
   *
   * <p>Answers the full view, checkpoints included, so that the work can go on where it stopped.
   *
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it cannot be started: of several that race,
   *     one starts
   */
  public Execution start(String id, ChangeOptions options) {
    StartExecutionRequest request = options.on(StartExecutionRequest.newBuilder().setId(id)).build();
    return new Execution(
        caller.call(ExecutionServiceGrpc.getStartExecutionMethod(), request, options.deadline()).getExecution());
  }

  /** As {@link #complete(String, Object, Report, AttemptOptions)}. */
  public Execution complete(String id, Object result) {
    return complete(id, result, new AttemptOptions());
  }

  /** As {@link #complete(String, Object, Report, AttemptOptions)}. */
  public Execution complete(String id, Object result, AttemptOptions options) {
    return complete(id, result, new Report(), options);
  }

  /**
   * Running to completed.
   *
   * @param result the output, any JSON value. {@link Json#NULL} is JSON null; with null the execution has no result
   * @param report what to keep with the same change
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is not running; AttemptFenced if the
   *     attempt is over
   */
  public Execution complete(String id, Object result, Report report, AttemptOptions options) {
    CompleteExecutionRequest.Builder request =
        CompleteExecutionRequest.newBuilder().setId(id).putAllCheckpoints(report.checkpoints());
    if (result != null) {
      request.setResult(JsonWire.toValue(result, "result"));
    }
    ChangeOptions.set(request, "progress", report.progress());
    return new Execution(
        caller
            .call(ExecutionServiceGrpc.getCompleteExecutionMethod(), options.on(request).build(), options.deadline())
            .getExecution());
  }

  /** As {@link #fail(String, ExecutionError, Report, AttemptOptions)}. */
  public Execution fail(String id, ExecutionError error) {
    return fail(id, error, new AttemptOptions());
  }

  /** As {@link #fail(String, ExecutionError, Report, AttemptOptions)}. */
  public Execution fail(String id, ExecutionError error, AttemptOptions options) {
    return fail(id, error, new Report(), options);
  }

  /**
   * Running to retrying if the error is retryable and attempts are left, else to failed: the answer's status tells, and
   * {@code nextAttemptAt} when the retry policy wants the next attempt.
   *
   * <p>Retrying to failed if the error is not retryable: give up.
   *
   * @param report what to keep with the same change
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is neither running nor retrying;
   *     AttemptFenced if the attempt is over
   */
  public Execution fail(String id, ExecutionError error, Report report, AttemptOptions options) {
    FailExecutionRequest.Builder request =
        FailExecutionRequest.newBuilder()
            .setId(id)
            .setError(error.wire())
            .putAllCheckpoints(report.checkpoints());
    ChangeOptions.set(request, "progress", report.progress());
    return new Execution(
        caller
            .call(ExecutionServiceGrpc.getFailExecutionMethod(), options.on(request).build(), options.deadline())
            .getExecution());
  }

  /** As {@link #timeOut(String, AttemptOptions)}. */
  public Execution timeOut(String id) {
    return timeOut(id, new AttemptOptions());
  }

  /**
   * Running to timed out, for callers who know before the server does that the attempt is lost.
   *
   * @throws ExecutionProblem ExecutionNotFound; InvalidStateTransition if it is not running; AttemptFenced if the
   *     attempt is over
   */
  public Execution timeOut(String id, AttemptOptions options) {
    TimeOutExecutionRequest request = options.on(TimeOutExecutionRequest.newBuilder().setId(id)).build();
    return new Execution(
        caller.call(ExecutionServiceGrpc.getTimeOutExecutionMethod(), request, options.deadline()).getExecution());
  }

  /** As {@link #updateProgress(String, Progress, AttemptOptions)}. */
  public Execution updateProgress(String id, Progress progress) {
    return updateProgress(id, progress, new AttemptOptions());
  }

  /**
   * Replace the progress of a running execution.
   *
   * @throws ExecutionProblem ExecutionNotFound; ExecutionNotRunning; AttemptFenced if the attempt is over
   */
  public Execution updateProgress(String id, Progress progress, AttemptOptions options) {
    UpdateProgressRequest request =
        options.on(UpdateProgressRequest.newBuilder().setId(id).setProgress(progress.wire())).build();
    return new Execution(
        caller.call(ExecutionServiceGrpc.getUpdateProgressMethod(), request, options.deadline()).getExecution());
  }

  /** As {@link #saveCheckpoints(String, Report, AttemptOptions)}, of one. */
  public Execution saveCheckpoint(String id, String key, Object value) {
    return saveCheckpoint(id, key, value, new AttemptOptions());
  }

  /** As {@link #saveCheckpoints(String, Report, AttemptOptions)}, of one. */
  public Execution saveCheckpoint(String id, String key, Object value, AttemptOptions options) {
    return saveCheckpoints(id, Collections.singletonMap(key, value), options);
  }

  /** As {@link #saveCheckpoints(String, Report, AttemptOptions)}. */
  public Execution saveCheckpoints(String id, Map<String, ?> checkpoints, AttemptOptions options) {
    return saveCheckpoints(id, new Report().checkpoints(checkpoints), options);
  }

  /**
   * Keep JSON values under their keys, all or none, over every failure and retry; null removes a key.
   *
   * @throws ExecutionProblem ExecutionNotFound; ExecutionNotRunning; TooManyCheckpoints if there would be more than
   *     there may be; AttemptFenced if the attempt is over
   */
  public Execution saveCheckpoints(String id, Report report, AttemptOptions options) {
    SaveCheckpointRequest.Builder request =
        SaveCheckpointRequest.newBuilder().setId(id).putAllCheckpoints(report.checkpoints());
    ChangeOptions.set(request, "progress", report.progress());
    return new Execution(
        caller
            .call(ExecutionServiceGrpc.getSaveCheckpointMethod(), options.on(request).build(), options.deadline())
            .getExecution());
  }
}
