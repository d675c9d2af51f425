package dev.croco.execution.client.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.Scripted;
import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.v1.Execution;
import dev.croco.execution.v1.WorkDirective;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A worker, and a service that does as a test tells it to. */
abstract class Employment {
  static final Object GRACEFUL = "it has ended as it should";

  final WorkScript script = new WorkScript();
  final BlockingQueue<Object> ended = new LinkedBlockingQueue<>();
  Scripted server;
  Worker worker;

  @BeforeEach
  void open() throws IOException {
    server = new Scripted(script);
  }

  @AfterEach
  void close() {
    worker.stop();
    worker.stop();
    server.close();
  }

  /** Let a worker run that has one task, and give it one execution to do. */
  WorkScript.Stream employ(Task task) throws InterruptedException {
    begin(task, ClientOptions.usual());
    WorkScript.Stream stream = script.next();
    assertEquals(List.of("t"), stream.hello().getTypesList());
    stream.assign(execution("x"));
    return stream;
  }

  /** Let a worker run that has one task. */
  void begin(Task task, ClientOptions clientOptions) {
    worker = new Worker(server.target(), WorkerOptions.usual().withDrain(Duration.ZERO), clientOptions);
    worker.task("t", task);
    Thread thread =
        new Thread(
            () -> {
              try {
                worker.run();
                ended.add(GRACEFUL);
              } catch (RuntimeException | Error | InterruptedException problem) {
                ended.add(problem);
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  void assertStops() throws InterruptedException {
    worker.stop();
    assertEquals(GRACEFUL, Scripted.next(ended));
  }

  static Execution execution(String id) {
    return Execution.newBuilder()
        .setId(id)
        .setType("t")
        .setAttempts(2)
        .setPayload(JsonWire.toValue(7, "payload"))
        .putCheckpoints("before", JsonWire.toValue(7, "before"))
        .build();
  }

  static WorkDirective.Builder directive() {
    return WorkDirective.newBuilder().setId("x").setAttempt(2);
  }
}
