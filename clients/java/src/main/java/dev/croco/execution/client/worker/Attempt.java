package dev.croco.execution.client.worker;

import com.google.protobuf.Value;
import dev.croco.execution.client.Execution;
import dev.croco.execution.client.ExecutionError;
import dev.croco.execution.client.Progress;
import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.WorkCompletion;
import dev.croco.execution.v1.WorkRelease;
import dev.croco.execution.v1.WorkReport;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * One attempt, from its assignment to the acknowledgement of its end: runs a task and reports of it. Of the loop's
 * thread, but where it says otherwise.
 */
final class Attempt {
  private static final System.Logger LOG = System.getLogger("dev.croco.execution.client.worker");

  private final String id;
  private final int number;
  private final Loop loop;
  private final Outbox outbox;
  private final Owner owner;
  private final ConflatedProgress progress;
  private final Thread thread;

  /** Who waits for a checkpoint; used in all threads. */
  private final Set<CompletableFuture<Void>> saving = ConcurrentHashMap.newKeySet();

  /** Nothing more is written of it: its end was reported, or it was lost. */
  private volatile boolean muted;

  /** Why the task was told to stop; null while it is to go on. */
  private volatile String whyStop;

  /** Whom an attempt tells how far it is. */
  interface Owner {
    /** Its task runs no more. */
    void stopped(Attempt attempt);

    /** It is the worker's no more: its end is settled, or it was lost. */
    void over(Attempt attempt);

    /** It is over and the server takes no word of it: its lease has to run out. */
    void unsettled(Attempt attempt);
  }

  Attempt(Execution assignment, Task task, Duration progressInterval, Loop loop, Outbox outbox, Owner owner) {
    id = assignment.id();
    number = assignment.attempts();
    this.loop = loop;
    this.outbox = outbox;
    this.owner = owner;
    progress = new ConflatedProgress(loop, progressInterval, this::sendProgress);
    Job job = new Job(assignment, this);
    thread = new Thread(() -> work(task, job), "job " + id);
    thread.setDaemon(true); // A task that does not stop when it is told to must not keep the process from ending.
  }

  void start() {
    thread.start();
  }

  String id() {
    return id;
  }

  int number() {
    return number;
  }

  boolean isMuted() {
    return muted;
  }

  /** May be called in any thread. */
  String whyStop() {
    return whyStop;
  }

  ConflatedProgress progress() {
    return progress;
  }

  @Override
  public String toString() {
    return id + ", attempt " + number;
  }

  /**
   * Have the task stop. When it has, the execution is given back, which cancels it if that was requested. Who was asked
   * before is not interrupted again: each stream tells of the cancellations there are, and the task may be tidying up.
   */
  void askToStop(String why) {
    if (whyStop == null) {
      interrupt(why);
    }
  }

  /** The attempt is over without the worker's doing: stop the task and write nothing more. */
  void lose(String cause) {
    if (!muted) {
      LOG.log(Level.WARNING, "{0}: the lease is lost: {1}", this, cause);
      drop("The lease is lost: " + cause + ".");
    }
  }

  /** Stop the task and write nothing more. */
  void drop(String why) {
    muted = true;
    interrupt(why);
    saving.forEach(saved -> saved.completeExceptionally(new JobCancelled(why)));
    owner.over(this);
  }

  private void interrupt(String why) {
    whyStop = why;
    thread.interrupt();
  }

  /** Give the execution back, although its task has not stopped. */
  void giveBack() {
    if (!muted) {
      LOG.log(Level.WARNING, "{0}: given back while its task still runs", this);
      end(report().setRelease(WorkRelease.getDefaultInstance()));
    }
  }

  /** Report that it goes on, to see whether the report is answered. */
  void keep() {
    outbox.add(report(), false, this::kept);
  }

  /** Save checkpoints; returns when they are durable. Of the task's thread. Throws what Job.checkpoint says. */
  void save(Map<String, Value> checkpoints) {
    CompletableFuture<Void> saved = new CompletableFuture<>();
    saving.add(saved);
    try {
      // Muted before this look, it settles nothing any more; muted later, it finds this one among the saving.
      if (muted || !loop.execute(() -> report(checkpoints, saved))) {
        throw new JobCancelled(whyStop == null ? "The attempt is over." : whyStop);
      }
      Waiting.uninterruptibly(saved);
    } finally {
      saving.remove(saved);
    }
  }

  private void report(Map<String, Value> checkpoints, CompletableFuture<Void> saved) {
    if (muted) {
      saved.completeExceptionally(new JobCancelled("The attempt is over."));
      return;
    }
    try {
      outbox.add(report().putAllCheckpoints(checkpoints), true, problem -> saved(problem, saved));
    } catch (IllegalArgumentException tooLarge) {
      saved.completeExceptionally(tooLarge);
    }
  }

  private void saved(ExecutionProblem problem, CompletableFuture<Void> saved) {
    if (problem == null) {
      saved.complete(null);
    } else if (Refusals.isOver(problem)) {
      lose(Refusals.causeOf(problem));
      saved.completeExceptionally(new JobCancelled("The lease is lost: " + Refusals.causeOf(problem) + "."));
    } else {
      saved.completeExceptionally(problem);
    }
  }

  private void sendProgress(Progress progress, Consumer<ExecutionProblem> answered) {
    if (!muted) {
      outbox.add(
          report().setProgress(progress.wire()),
          true,
          problem -> {
            kept(problem);
            answered.accept(problem);
          });
    }
  }

  /** Run the task. Of its thread. */
  private void work(Task task, Job job) {
    WorkReport.Builder end;
    try {
      end = success(task.run(job));
    } catch (Throwable thrown) { // Whatever it is, the service has to hear of it.
      end = failure(thrown);
    }
    WorkReport.Builder report = end;
    loop.execute(() -> worked(report));
  }

  private void worked(WorkReport.Builder end) {
    if (!muted) {
      end(end);
    }
    owner.stopped(this);
  }

  private WorkReport.Builder success(Object result) {
    WorkCompletion.Builder completion = WorkCompletion.newBuilder();
    if (result != null) {
      try {
        completion.setResult(JsonWire.toValue(result, "result"));
      } catch (IllegalArgumentException refused) {
        LOG.log(Level.WARNING, this + ": the result cannot be sent", refused);
        return failed(Failures.errorOf(refused, false));
      }
    }
    return report().setComplete(completion);
  }

  private WorkReport.Builder failure(Throwable thrown) {
    if (whyStop != null && Failures.isCancellation(thrown)) {
      return report().setRelease(WorkRelease.getDefaultInstance());
    }
    boolean expected = thrown instanceof TaskFailure;
    try {
      LOG.log(expected ? Level.INFO : Level.WARNING, this + ": failed", thrown);
    } catch (Throwable fault) { // Somebody's getMessage: it must not keep the service from hearing of the failure.
      LOG.log(Level.WARNING, "{0}: failed", this);
    }
    return failed(Failures.errorOf(thrown, true));
  }

  /** Report how the attempt ended; a result that is not taken ends it as a failure. */
  private void end(WorkReport.Builder end) {
    muted = true;
    Progress newest = progress.take();
    if (newest != null) {
      end.setProgress(newest.wire());
    }
    try {
      outbox.add(end, true, problem -> ended(end, problem));
    } catch (IllegalArgumentException tooLarge) {
      endInstead(end, tooLarge, false);
    }
  }

  /** Report a failure where the end cannot be sent or is not taken, with the progress that would be lost with it. */
  private void endInstead(WorkReport.Builder end, Exception why, boolean retryable) {
    WorkReport.Builder failure = failed(Failures.errorOf(why, retryable));
    end(end.hasProgress() ? failure.setProgress(end.getProgress()) : failure);
  }

  private void ended(WorkReport.Builder end, ExecutionProblem problem) {
    if (problem != null) {
      LOG.log(Level.WARNING, "{0}: its end was refused: {1}", this, problem.getMessage());
    }
    if (problem == null || Refusals.isOver(problem)) {
      owner.over(this);
    } else if (end.hasComplete()) {
      endInstead(end, problem, !Refusals.isInVain(problem));
    } else {
      owner.unsettled(this);
    }
  }

  /** A report that does not end the attempt was answered. */
  private void kept(ExecutionProblem problem) {
    if (problem != null && Refusals.isOver(problem)) {
      lose(Refusals.causeOf(problem));
    } else if (problem != null) {
      LOG.log(Level.WARNING, "{0}: a report was refused: {1}", this, problem.getMessage());
    }
  }

  private WorkReport.Builder failed(ExecutionError error) {
    return report().setFail(error.wire());
  }

  private WorkReport.Builder report() {
    return WorkReport.newBuilder().setId(id).setAttempt(number);
  }
}
