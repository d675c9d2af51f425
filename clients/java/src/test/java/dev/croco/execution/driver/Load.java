package dev.croco.execution.driver;

import dev.croco.execution.client.AttemptOptions;
import dev.croco.execution.client.ExecutionClient;
import dev.croco.execution.client.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A load: executions that live their whole lives, several at a time. */
final class Load {
  private static final int CALLS_PER_LIFE = 6;

  private final ExecutionClient client;
  private final String type;
  private final Object payload;
  private final int lifecycles;
  private final AtomicInteger left;

  Load(ExecutionClient client, Arguments with) {
    this.client = client;
    this.type = with.text("type");
    this.payload = with.json("payload");
    this.lifecycles = with.count("lifecycles");
    this.left = new AtomicInteger(lifecycles);
  }

  /** Answer how many calls all the lives took. */
  Object run(int concurrency) throws InterruptedException {
    List<Begun> loops = new ArrayList<>();
    for (int at = 0; at < concurrency; at++) {
      loops.add(new Begun(this::loop));
    }
    for (Begun loop : loops) {
      loop.finish();
    }
    return Answers.object("calls", lifecycles * CALLS_PER_LIFE);
  }

  private Object loop() {
    while (left.getAndDecrement() > 0) {
      live();
    }
    return null;
  }

  private void live() {
    String id = client.create(type, payload).id();
    AttemptOptions attempt = new AttemptOptions().attempt(client.start(id).attempts());
    for (int page = 1; page <= 3; page++) {
      client.updateProgress(id, Progress.of(page, 3).withMessage("Rendering"), attempt);
    }
    client.complete(id, Map.of("pages", 3), attempt);
  }
}
