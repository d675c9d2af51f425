package dev.croco.execution.client.worker;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The one thread in which a worker thinks: what it remembers is used there only, so nothing of it needs a lock. */
final class Loop {
  private static final System.Logger LOG = System.getLogger("dev.croco.execution.client.worker");

  private final ScheduledThreadPoolExecutor executor =
      new ScheduledThreadPoolExecutor(
          1,
          step -> {
            Thread thread = new Thread(step, "worker");
            thread.setDaemon(true);
            return thread;
          });

  /** Have something done soon; false if the loop has ended. May be called in any thread, as {@link #later}. */
  boolean execute(Runnable step) {
    return later(Duration.ZERO, step);
  }

  /** Have something done after a time; false if the loop has ended. */
  boolean later(Duration pause, Runnable step) {
    try {
      executor.schedule(() -> perform(step), pause.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (RejectedExecutionException ended) {
      return false;
    }
  }

  /** Have something done again and again. */
  void every(Duration interval, Runnable step) {
    executor.scheduleAtFixedRate(
        () -> perform(step), interval.toNanos(), interval.toNanos(), TimeUnit.NANOSECONDS);
  }

  void end() {
    executor.shutdownNow();
  }

  private static void perform(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException fault) {
      LOG.log(Level.ERROR, "a fault of the worker", fault);
    }
  }
}
