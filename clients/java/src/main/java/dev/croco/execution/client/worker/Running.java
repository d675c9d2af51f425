package dev.croco.execution.client.worker;

import dev.croco.execution.client.Execution;
import dev.croco.execution.client.internal.Connection;
import dev.croco.execution.client.internal.Pauses;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.HeldAttempt;
import dev.croco.execution.v1.WorkDirective;
import dev.croco.execution.v1.WorkHello;
import dev.croco.execution.v1.WorkRelease;
import dev.croco.execution.v1.WorkReport;
import dev.croco.execution.v1.WorkResponse;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A worker at work: what it holds, its streams, and how it stops. Of the loop's thread, but for {@code run} and {@code
 * stop}.
 */
final class Running implements Attempt.Owner, WorkStream.Owner {
  /** How long tasks that are told to stop when the worker stops may take for it. */
  static final Duration UNWIND = Duration.ofSeconds(2);

  /** How long a worker that stops waits for its last reports to be acknowledged. */
  static final Duration FLUSH = Duration.ofSeconds(5);

  private static final int FAILURES_TO_WARN = 5;
  private static final System.Logger LOG = System.getLogger("dev.croco.execution.client.worker");

  private final Connection connection;
  private final WorkerOptions options;
  private final Map<String, Task> tasks;
  private final Loop loop = new Loop();
  private final Outbox outbox = new Outbox(loop);
  private final Pulse pulse;
  private final Map<HeldAttempt, Attempt> held = new LinkedHashMap<>();

  /** Those whose task runs, lost ones included. */
  private final Set<Attempt> attempts = new HashSet<>();

  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final Pauses pauses = Pauses.ofStreams();
  private WorkStream stream;
  private int failures;
  private boolean draining;
  private boolean flushing;

  Running(Connection connection, WorkerOptions options, Map<String, Task> tasks) {
    this.connection = connection;
    this.options = options;
    this.tasks = tasks;
    pulse = new Pulse(options.lease(), System.nanoTime());
  }

  /**
   * Work until stopped. Throws ExecutionProblem where the service refuses the worker for good, and what the
   * client's metadata throw.
   */
  void run() throws InterruptedException {
    loop.execute(this::connect);
    loop.every(pulse.beat(), this::feelPulse);
    try {
      Waiting.forIt(ended);
    } finally {
      CompletableFuture<Void> dropped = new CompletableFuture<>();
      loop.execute(() -> dropAll(dropped));
      Waiting.uninterruptibly(dropped);
      loop.end();
    }
  }

  /** Take nothing new and end when what runs has ended or was given back; called again, end at once. In any thread. */
  void stop() {
    loop.execute(
        () -> {
          if (draining) {
            ended.complete(null);
          } else {
            drain();
          }
        });
  }

  @Override
  public void stopped(Attempt attempt) {
    attempts.remove(attempt);
    noteChange();
  }

  @Override
  public void over(Attempt attempt) {
    held.remove(keyOf(attempt.id(), attempt.number()));
    noteChange();
  }

  @Override
  public void unsettled(Attempt attempt) {
    over(attempt);
    reconnect("An attempt is given up.");
  }

  /** Do what the server says. */
  @Override
  public void take(WorkResponse response) {
    failures = 0;
    pauses.reset();
    pulse.heard(System.nanoTime());
    response.getAssignmentsList().forEach(assignment -> begin(new Execution(assignment)));
    response.getAcknowledgementsList().forEach(outbox::acknowledge);
    response.getDirectivesList().forEach(this::follow);
    noteChange();
  }

  /**
   * Open the next stream, until it fails in a way that does not pass, or the worker is to stop and has nothing more to
   * say.
   */
  @Override
  public void streamEnded(ExecutionProblem problem) {
    if (ended.isDone()) {
      return;
    }
    if (problem == null) {
      connect();
    } else if (isHopeless(problem)) {
      ended.completeExceptionally(problem);
    } else {
      Duration pause = pauses.next(problem.retryDelay());
      failures++;
      Level level = failures < FAILURES_TO_WARN ? Level.INFO : Level.WARNING;
      LOG.log(level, "the stream has ended ({0}); the next in {1} ms", problem.getMessage(), pause.toMillis());
      loop.later(pause, this::connect);
    }
  }

  private void connect() {
    if (draining && isIdle()) {
      ended.complete(null);
      return;
    }
    try {
      stream = new WorkStream(connection, loop, outbox, this);
    } catch (RuntimeException | Error failure) { // Of the program's own metadata: who runs the worker has to know.
      ended.completeExceptionally(failure);
      return;
    }
    outbox.sendAgain();
    pulse.reconnected();
    stream.start(hello());
  }

  private WorkHello hello() {
    WorkHello.Builder hello =
        WorkHello.newBuilder()
            .setWorkerId(options.workerId())
            .setSlots(Math.max(options.concurrency(), held.size()))
            .setLeaseDuration(Times.toDuration(options.lease()))
            .addAllHeld(held.keySet());
    // A worker that stops goes on with what it holds and takes nothing new.
    return draining ? hello.build() : hello.addAllTypes(tasks.keySet()).build();
  }

  private void begin(Execution assignment) {
    Task task = tasks.get(assignment.type());
    if (draining || task == null) { // It was under way before the server knew.
      WorkReport.Builder report =
          WorkReport.newBuilder()
              .setId(assignment.id())
              .setAttempt(assignment.attempts())
              .setRelease(WorkRelease.getDefaultInstance());
      outbox.add(report, true, problem -> noteChange());
      return;
    }
    Attempt attempt = new Attempt(assignment, task, options.progressInterval(), loop, outbox, this);
    held.put(keyOf(attempt.id(), attempt.number()), attempt);
    attempts.add(attempt);
    attempt.start();
  }

  private void follow(WorkDirective directive) {
    Attempt attempt = held.get(keyOf(directive.getId(), directive.getAttempt()));
    if (directive.hasDrain()) {
      LOG.log(Level.INFO, "the server stops; the worker goes on elsewhere");
    } else if (attempt != null && directive.hasCancelRequested()) {
      String reason = directive.getCancelRequested().getReason();
      LOG.log(Level.INFO, "{0}: asked to stop: {1}", attempt, reason);
      attempt.askToStop(reason.isEmpty() ? "Its cancellation was requested." : reason);
    } else if (attempt != null && directive.hasLeaseLost()) {
      String cause = directive.getLeaseLost().getCause();
      attempt.lose(cause.isEmpty() ? "not known why" : cause);
    }
  }

  private void feelPulse() {
    if (held.isEmpty()) {
      pulse.heard(System.nanoTime()); // There is nothing to lose.
      return;
    }
    switch (pulse.judge(System.nanoTime())) {
      case ASK -> held.values().iterator().next().keep();
      case RECONNECT -> reconnect("The server does not answer.");
      case LOSE -> {
        List.copyOf(held.values()).forEach(attempt -> attempt.lose("the server is not heard any more"));
        reconnect("The leases are lost.");
      }
      case GO_ON -> {}
    }
  }

  /** Begin a new stream, which tells the server what is held now: it keeps the leases of that and no more. */
  private void reconnect(String why) {
    if (stream != null) {
      stream.giveUp(why);
    }
  }

  /** The worker is to stop: see to it that what runs ends. */
  private void drain() {
    draining = true;
    LOG.log(Level.INFO, "the worker stops: {0} tasks run", unfinished().size());
    if (stream != null) {
      stream.finish();
    }
    noteChange();
    loop.later(options.drain(), () -> unfinished().forEach(attempt -> attempt.askToStop("The worker stops.")));
    loop.later(options.drain().plus(UNWIND), () -> unfinished().forEach(Attempt::giveBack));
    loop.later(options.drain().plus(UNWIND), this::noteChange);
  }

  /** Something has ended or was answered: it may have been the last. */
  private void noteChange() {
    if (!draining || !unfinished().isEmpty()) {
      return;
    }
    if (outbox.isEmpty() && stream != null) {
      stream.finish();
    }
    if (!flushing) {
      flushing = true;
      loop.later(FLUSH, this::flushed);
    }
  }

  private void flushed() {
    if (ended.complete(null)) {
      LOG.log(Level.WARNING, "the worker ends without an answer to its last {0} reports", outbox.size());
    }
  }

  /** The attempts that the worker still has to see to their end. */
  private List<Attempt> unfinished() {
    return attempts.stream().filter(attempt -> !attempt.isMuted()).toList();
  }

  private boolean isIdle() {
    return unfinished().isEmpty() && outbox.isEmpty();
  }

  private void dropAll(CompletableFuture<Void> dropped) {
    ended.complete(null);
    List.copyOf(attempts).forEach(attempt -> attempt.drop("The worker has ended."));
    reconnect("The worker has ended.");
    dropped.complete(null);
  }

  private static boolean isHopeless(ExecutionProblem problem) {
    return switch (problem.code()) {
      case INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED -> true;
      default -> false;
    };
  }

  private static HeldAttempt keyOf(String id, int attempt) {
    return HeldAttempt.newBuilder().setId(id).setAttempt(attempt).build();
  }
}
