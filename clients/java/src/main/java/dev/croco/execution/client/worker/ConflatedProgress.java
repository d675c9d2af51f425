package dev.croco.execution.client.worker;

import dev.croco.execution.client.Progress;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The newest progress of a job, on its way to the service. {@code put} may be called in any thread, all else in the
 * loop's.
 *
 * <p>A task may say as often as it likes how far it is. What it says replaces what it said before. It is sent when the
 * one before is acknowledged, and not more often than the worker is set to; what is left in the end leaves with the
 * report of the end.
 */
final class ConflatedProgress {
  private static final int MESSAGE_BYTES = 4096;

  private final Loop loop;
  private final Duration interval;
  private final BiConsumer<Progress, Consumer<ExecutionProblem>> send;
  private final AtomicReference<Progress> newest = new AtomicReference<>();

  /** From when one is to be sent until it is acknowledged. */
  private final AtomicBoolean underWay = new AtomicBoolean();

  private long notBefore = System.nanoTime();

  /**
   * Begin.
   *
   * @param interval the least time between two that are sent
   * @param send sends a progress and calls back when it is acknowledged
   */
  ConflatedProgress(Loop loop, Duration interval, BiConsumer<Progress, Consumer<ExecutionProblem>> send) {
    this.loop = loop;
    this.interval = interval;
    this.send = send;
  }

  /**
   * Take what the task says.
   *
   * @throws IllegalArgumentException if the service would refuse it
   */
  void put(Progress progress) {
    check(progress);
    newest.set(progress);
    // Thousands may come before the first is sent: only it wakes the loop.
    if (underWay.compareAndSet(false, true)) {
      loop.execute(this::sendInTime);
    }
  }

  /** Answer what was not sent yet, and take it as sent. */
  Progress take() {
    return newest.getAndSet(null);
  }

  private void sendInTime() {
    loop.later(Duration.ofNanos(Math.max(0, notBefore - System.nanoTime())), this::sendNewest);
  }

  private void sendNewest() {
    underWay.set(false); // First this: what a thread puts from now on wakes the loop again.
    Progress progress = take();
    if (progress != null) {
      underWay.set(true);
      notBefore = System.nanoTime() + interval.toNanos();
      send.accept(progress, this::acknowledged);
    }
  }

  private void acknowledged(ExecutionProblem problem) {
    underWay.set(false);
    if (newest.get() != null && problem == null && underWay.compareAndSet(false, true)) {
      sendInTime();
    }
  }

  private static void check(Progress progress) {
    check("current", progress.current(), Double.MAX_VALUE);
    check("total", progress.total(), Double.MAX_VALUE);
    if (progress.percent() != null) {
      check("percent", progress.percent(), 100);
    }
    if (progress.message().getBytes(StandardCharsets.UTF_8).length > MESSAGE_BYTES) {
      throw new IllegalArgumentException("The progress's message is longer than " + MESSAGE_BYTES + " bytes.");
    }
  }

  private static void check(String name, double number, double most) {
    if (!(number >= 0 && number <= most)) {
      String limits = most == 100 ? "0 to 100" : "finite and at least 0";
      throw new IllegalArgumentException("progress." + name + " is " + number + "; it has to be " + limits + ".");
    }
  }
}
