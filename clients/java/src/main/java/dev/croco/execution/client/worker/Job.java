package dev.croco.execution.client.worker;

import com.google.protobuf.Value;
import dev.croco.execution.client.Execution;
import dev.croco.execution.client.Progress;
import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;

/**
 * What a task is given: the execution that it works on, and how to report of it.
 *
 * <p>When the job is to stop (somebody asked for its cancellation, the worker lost its lease, or the worker itself
 * stops) the thread of the task is interrupted. A task that ends by InterruptedException, JobCancelled or another
 * exception that tells of an interruption gives the execution back, which costs no attempt, and cancels it if that was
 * requested. It may save a last checkpoint before.
 */
public final class Job {
  private final Execution execution;
  private final Attempt attempt;
  private final Map<String, Object> checkpoints;

  Job(Execution execution, Attempt attempt) {
    this.execution = execution;
    this.attempt = attempt;
    this.checkpoints = new HashMap<>(execution.checkpoints());
  }

  /** The execution's id. */
  public String id() {
    return execution.id();
  }

  /** Which attempt this is: 1 for the first. */
  public int attempt() {
    return execution.attempts();
  }

  /** The execution as it was when the attempt began, in full. */
  public Execution execution() {
    return execution;
  }

  /** The input, any JSON value; null if there is none. */
  public Object payload() {
    return execution.payload();
  }

  /** What this attempt and those before it left behind to go on from. */
  public synchronized Map<String, Object> checkpoints() {
    return Collections.unmodifiableMap(new HashMap<>(checkpoints));
  }

  /**
   * Keep a JSON value under a key, over every failure and retry; null removes the key. It is durable on return, for
   * which this waits without heeding interruptions.
   *
   * @throws IllegalArgumentException if the value cannot be sent
   * @throws JobCancelled if the lease is lost; nothing more is taken
   * @throws ExecutionProblem if the service refuses it, as TooManyCheckpoints or PayloadTooLarge
   */
  public void checkpoint(String key, Object value) {
    Map<String, Value> values = JsonWire.toValues(Collections.singletonMap(key, value), "checkpoints");
    attempt.save(values);
    Object kept = JsonWire.fromValue(values.get(key));
    synchronized (this) {
      if (kept == null) {
        checkpoints.remove(key);
      } else {
        checkpoints.put(key, kept);
      }
    }
  }

  /** As {@link #progress(Progress)}. */
  public void progress(double current, double total) {
    progress(Progress.of(current, total));
  }

  /**
   * Say how far the work is. Costs next to nothing: only the newest is sent, every now and then; the last always is.
   *
   * @throws IllegalArgumentException if it is outside its limits
   */
  public void progress(Progress progress) {
    attempt.progress().put(progress);
  }

  /** Whether the job is to stop. */
  public boolean isCancelled() {
    return attempt.whyStop() != null;
  }

  /**
   * Return if the job is to go on.
   *
   * @throws JobCancelled if it is to stop; let it pass
   */
  public void throwIfCancelled() {
    String why = attempt.whyStop();
    if (why != null) {
      throw new JobCancelled(why);
    }
  }
}
