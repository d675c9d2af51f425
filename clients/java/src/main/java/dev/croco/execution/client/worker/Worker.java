package dev.croco.execution.client.worker;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.internal.Connection;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Does executions: gives each that is ready to the task that is registered for its type.
 *
 * <pre>{@code
 * Worker worker = new Worker("localhost:50051");
 * worker.task("resize-images", job -> {
 *   long next = (long) job.checkpoints().getOrDefault("next", 0L);
 *   for (long at = next; at < 100; at++) {
 *     ...
 *     job.checkpoint("next", at + 1);
 *     job.progress(at + 1, 100);
 *   }
 *   return Map.of("resized", 100);
 * });
 * worker.runUntilShutdown();
 * }</pre>
 *
 * <p>Lost connections and servers that stop are the worker's business: tasks go on as long as their lease holds.
 */
public final class Worker {
  private static final int MOST_TYPES = 20;

  private final String target;
  private final ClientOptions clientOptions;
  private final WorkerOptions options;
  private final Map<String, Task> tasks = new LinkedHashMap<>();
  private Running running;

  /** As the whole one, with the usual options. */
  public Worker(String target) {
    this(target, WorkerOptions.usual(), ClientOptions.usual());
  }

  /** As the whole one, with the usual options of a client. */
  public Worker(String target, WorkerOptions options) {
    this(target, options, ClientOptions.usual());
  }

  /** Connect when it runs. The target and the client's options are those of ExecutionClient. */
  public Worker(String target, WorkerOptions options, ClientOptions clientOptions) {
    this.target = target;
    this.options = options;
    this.clientOptions = clientOptions;
    new Connection(target, clientOptions).close(); // Refuses now what it would refuse later.
  }

  /**
   * Register the task for executions of a type, before the worker runs.
   *
   * @throws IllegalArgumentException if the type has a task already, or there are more than 20 types
   */
  public synchronized void task(String type, Task task) {
    if (tasks.containsKey(type)) {
      throw new IllegalArgumentException("The type \"" + type + "\" has a task already.");
    }
    if (tasks.size() == MOST_TYPES) {
      throw new IllegalArgumentException("A worker takes at most " + MOST_TYPES + " types.");
    }
    tasks.put(type, task);
  }

  /**
   * Work until {@link #stop} is called. When the thread is interrupted, tasks are stopped and their leases run out.
   *
   * @throws IllegalStateException if it runs already, or no task is registered
   * @throws ExecutionProblem if the service refuses the worker for good, as CredentialsInvalid
   * @throws IllegalArgumentException if the client's options have metadata that cannot be sent; what these throw
   *     themselves is thrown too
   * @throws InterruptedException if the thread is interrupted
   */
  public void run() throws InterruptedException {
    Connection connection = new Connection(target, clientOptions);
    Running begun = begin(connection); // Where this is refused, what runs already goes on.
    try {
      begun.run();
    } finally {
      connection.close();
      ended();
    }
  }

  /**
   * Have {@link #run} end: take nothing new, let tasks go on for the time to drain, stop and give back those that still
   * run then. Called again: end at once. Where nothing runs it does nothing.
   */
  public synchronized void stop() {
    if (running != null) {
      running.stop();
    }
  }

  /**
   * As {@link #run}, for a program that does nothing else: the end of the process, as by SIGTERM or Ctrl-C, stops it
   * first.
   */
  public void runUntilShutdown() throws InterruptedException {
    Thread here = Thread.currentThread();
    Thread hook = new Thread(() -> stopAndJoin(here), "worker-shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      run();
    } finally {
      removeHook(hook);
    }
  }

  private synchronized Running begin(Connection connection) {
    if (running != null) {
      throw new IllegalStateException("The worker runs already.");
    }
    if (tasks.isEmpty()) {
      throw new IllegalStateException("The worker has no tasks: register some with task(type, task).");
    }
    running = new Running(connection, options, Map.copyOf(tasks));
    return running;
  }

  private synchronized void ended() {
    running = null;
    notifyAll();
  }

  /** Keep the process until the worker has ended; its thread may go on with other things. */
  private synchronized void stopAndJoin(Thread here) {
    stop();
    try {
      while (running != null && here.isAlive()) {
        wait();
      }
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
    }
  }

  private static void removeHook(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shutdown) {
      return; // It is the hook that has stopped the worker.
    }
  }
}
