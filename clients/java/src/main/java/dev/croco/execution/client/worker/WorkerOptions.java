package dev.croco.execution.client.worker;

import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * What a worker may be told beside its target.
 *
 * @param concurrency how many tasks run at a time, 1 to 1,000
 * @param lease how long the worker may be silent before others get what it does, 1 s to 1 h. Tasks are stopped when the
 *     service was not heard for two thirds of it
 * @param drain how long a worker that is to stop lets its tasks go on before it stops them
 * @param progressInterval the least time between two reports of a job's progress
 * @param workerId how the worker names itself
 */
public record WorkerOptions(
    int concurrency, Duration lease, Duration drain, Duration progressInterval, String workerId) {
  /** More than one process can keep busy. */
  private static final int MOST_AT_A_TIME = 1_000;

  public WorkerOptions {
    if (concurrency < 1 || concurrency > MOST_AT_A_TIME) {
      String limits = "1 to " + MOST_AT_A_TIME;
      throw new IllegalArgumentException("concurrency is " + concurrency + "; it has to be " + limits + ".");
    }
    if (lease.compareTo(Duration.ofSeconds(1)) < 0 || lease.compareTo(Duration.ofHours(1)) > 0) {
      throw new IllegalArgumentException("lease is " + lease + "; it has to be 1 s to 1 h.");
    }
    if (drain.isNegative() || progressInterval.isNegative()) {
      throw new IllegalArgumentException("drain and progressInterval must not be negative.");
    }
  }

  /** 10 tasks at a time, a lease of 30 s, 10 s to drain, progress every 200 ms, a name made of host and process. */
  public static WorkerOptions usual() {
    return new WorkerOptions(10, Duration.ofSeconds(30), Duration.ofSeconds(10), Duration.ofMillis(200), newWorkerId());
  }

  public WorkerOptions withConcurrency(int concurrency) {
    return new WorkerOptions(concurrency, lease, drain, progressInterval, workerId);
  }

  public WorkerOptions withLease(Duration lease) {
    return new WorkerOptions(concurrency, lease, drain, progressInterval, workerId);
  }

  public WorkerOptions withDrain(Duration drain) {
    return new WorkerOptions(concurrency, lease, drain, progressInterval, workerId);
  }

  public WorkerOptions withProgressInterval(Duration progressInterval) {
    return new WorkerOptions(concurrency, lease, drain, progressInterval, workerId);
  }

  public WorkerOptions withWorkerId(String workerId) {
    return new WorkerOptions(concurrency, lease, drain, progressInterval, workerId);
  }

  private static String newWorkerId() {
    String some = UUID.randomUUID().toString().substring(0, 6);
    return hostName() + "-" + ProcessHandle.current().pid() + "-" + some;
  }

  /** From the environment: Java itself would ask the network for it. */
  private static String hostName() {
    Stream<String> names = Stream.of("HOSTNAME", "COMPUTERNAME").map(System::getenv);
    return names.filter(Objects::nonNull).findFirst().orElse("worker");
  }
}
