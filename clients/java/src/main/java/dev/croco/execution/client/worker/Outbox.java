package dev.croco.execution.client.worker;

import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.WorkAcknowledgement;
import dev.croco.execution.v1.WorkReport;
import dev.croco.execution.v1.WorkRequest;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * What the worker has reported and nobody has acknowledged yet. Of the loop's thread only.
 *
 * <p>A report is sent in order, and again after a broken stream, until it is acknowledged. By its {@code request_id}
 * the service knows a repeat, so neither a lost report nor a lost acknowledgement changes what happens: each has its
 * effect once.
 */
final class Outbox {
  /** How long to wait before a report is repeated that was refused for something that passes. */
  static final Duration PAUSE = Duration.ofMillis(500);

  private static final int REPORTS_PER_MESSAGE = 1_000;

  /** The service takes messages of 4 MiB. One report is never near that: what is in it has limits of its own. */
  private static final int BYTES_PER_MESSAGE = 3 << 20;

  private final Loop loop;
  private final String name = UUID.randomUUID().toString();
  private final Map<Long, Entry> entries = new LinkedHashMap<>();
  private final Deque<Long> toSend = new ArrayDeque<>();
  private Runnable onFilled = () -> {};
  private long last;

  /** A report; {@code answered} is told null when it was taken and else why it was not. */
  private record Entry(WorkReport report, boolean repeat, Consumer<ExecutionProblem> answered) {}

  Outbox(Loop loop) {
    this.loop = loop;
  }

  /** Whether no report waits for its acknowledgement. */
  boolean isEmpty() {
    return entries.isEmpty();
  }

  int size() {
    return entries.size();
  }

  /** Say what to do when there may be something to send. */
  void onFilled(Runnable step) {
    onFilled = step;
  }

  /**
   * Have a report sent.
   *
   * @param report without sequence and request id, which it gets here
   * @param repeat whether to send it again after a broken stream; else it is forgotten without an answer
   * @throws IllegalArgumentException if it is larger than the service takes
   */
  void add(WorkReport.Builder report, boolean repeat, Consumer<ExecutionProblem> answered) {
    WorkReport whole = report.setSequence(last + 1).setRequestId(name + "-" + (last + 1)).build();
    int size = whole.getSerializedSize();
    if (size > BYTES_PER_MESSAGE) {
      throw new IllegalArgumentException("The report has " + size + " bytes; the limit is " + BYTES_PER_MESSAGE + ".");
    }
    last++;
    entries.put(last, new Entry(whole, repeat, answered));
    toSend.add(last);
    onFilled.run();
  }

  /** Answer a message of all that has gathered, as far as one message holds it; null if there is nothing. */
  WorkRequest take() {
    WorkRequest.Builder request = WorkRequest.newBuilder();
    int size = 0;
    while (!toSend.isEmpty() && request.getReportsCount() < REPORTS_PER_MESSAGE) {
      Entry entry = entries.get(toSend.peek());
      if (entry != null) {
        size += entry.report.getSerializedSize();
        if (request.getReportsCount() > 0 && size > BYTES_PER_MESSAGE) {
          break;
        }
        request.addReports(entry.report);
      }
      toSend.remove();
    }
    return request.getReportsCount() == 0 ? null : request.build();
  }

  /** The stream broke: whatever is not acknowledged has to be sent on the next one. */
  void sendAgain() {
    entries.values().removeIf(entry -> !entry.repeat);
    toSend.clear();
    toSend.addAll(entries.keySet());
  }

  /** Tell whoever made the report, or repeat it if it was refused for something that passes. */
  void acknowledge(WorkAcknowledgement acknowledgement) {
    long sequence = acknowledgement.getSequence();
    Entry entry = entries.get(sequence);
    if (entry == null) {
      return; // It was sent twice, and this is the second answer.
    }
    ExecutionProblem problem = acknowledgement.hasRefusal() ? Refusals.problemOf(acknowledgement.getRefusal()) : null;
    if (problem != null && entry.repeat && Refusals.mayPass(problem)) {
      loop.later(PAUSE, () -> repeat(sequence));
      return;
    }
    entries.remove(sequence);
    entry.answered.accept(problem);
  }

  private void repeat(long sequence) {
    if (entries.containsKey(sequence) && !toSend.contains(sequence)) {
      toSend.add(sequence);
      onFilled.run();
    }
  }
}
