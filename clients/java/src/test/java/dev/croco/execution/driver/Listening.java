package dev.croco.execution.driver;

import dev.croco.execution.client.Watch;
import dev.croco.execution.client.WatchEvent;
import dev.croco.execution.client.WatchMessage;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** A watch in the background, and what it has told. */
final class Listening {
  private final Watch watch;
  private final List<WatchMessage> told = new ArrayList<>();
  private ExecutionProblem problem;
  private boolean ended;

  Listening(Watch watch) {
    this.watch = watch;
    Thread thread = new Thread(this::listen, "watch");
    thread.setDaemon(true);
    thread.start();
  }

  /** Wait until it has told something, or has ended. */
  synchronized Object until(Arguments wanted) throws InterruptedException {
    while (!ended && !hasTold(wanted)) {
      wait();
    }
    return Answers.object("messages", messages());
  }

  /** Wait until it ends. */
  synchronized Object toTheEnd() throws InterruptedException {
    while (!ended) {
      wait();
    }
    return Answers.object("messages", messages(), "problem", problem == null ? null : Answers.problem(problem));
  }

  void close() {
    watch.close();
  }

  private void listen() {
    try (watch) {
      for (WatchMessage message : watch) {
        note(() -> told.add(message));
      }
    } catch (ExecutionProblem thrown) {
      note(() -> problem = thrown);
    }
    note(() -> ended = true);
  }

  private synchronized void note(Runnable change) {
    change.run();
    notifyAll();
  }

  private boolean hasTold(Arguments wanted) {
    return (!wanted.has("revision") || any(one -> one.revision() >= wanted.integer("revision")))
        && (!wanted.has("status") || any(one -> wanted.text("status").equals(statusOf(one))))
        && (!wanted.has("events") || told.size() >= wanted.count("events"))
        && (!wanted.has("bookmarks") || bookmarks() >= wanted.count("bookmarks"));
  }

  private boolean any(Predicate<WatchMessage> condition) {
    return told.stream().anyMatch(condition);
  }

  private long bookmarks() {
    return told.stream().filter(one -> one.event() == WatchEvent.BOOKMARK).count();
  }

  private static String statusOf(WatchMessage message) {
    if (message.change() != null) {
      return Answers.word(message.change().to());
    }
    return message.execution() == null ? "" : Answers.word(message.execution().status());
  }

  private List<Map<String, Object>> messages() {
    return told.stream().map(Answers::message).toList();
  }
}
