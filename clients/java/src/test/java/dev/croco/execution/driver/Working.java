package dev.croco.execution.driver;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.worker.Job;
import dev.croco.execution.client.worker.JobCancelled;
import dev.croco.execution.client.worker.Permanent;
import dev.croco.execution.client.worker.Retryable;
import dev.croco.execution.client.worker.Worker;
import dev.croco.execution.client.worker.WorkerOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** A worker in the background, and what became of the jobs that it was given. */
final class Working {
  private static final Duration LONG = Duration.ofMinutes(1);

  private final List<Object> handled = Collections.synchronizedList(new ArrayList<>());
  private final Worker worker;
  private final Begun run;

  Working(String target, ClientOptions clientOptions, Arguments with) {
    WorkerOptions options =
        WorkerOptions.usual().withConcurrency(with.count("slots")).withDrain(Duration.ofSeconds(1));
    if (with.has("lease_duration_ms")) {
      options = options.withLease(with.span("lease_duration_ms"));
    }
    worker = new Worker(target, options, clientOptions);
    with.texts("types").forEach(type -> worker.task(type, this::handle));
    run = new Begun(this::run);
  }

  /** Stop it gracefully and answer what became of its jobs. */
  Object stop() throws InterruptedException {
    worker.stop();
    run.finish();
    return Answers.object("handled", List.copyOf(handled));
  }

  private Object run() throws InterruptedException {
    worker.run();
    return null;
  }

  private Object handle(Job job) throws InterruptedException {
    String ended = "failed";
    try {
      Object result = perform(job);
      ended = "completed";
      return result;
    } catch (InterruptedException | JobCancelled stopped) {
      ended = "cancelled";
      throw stopped;
    } finally {
      handled.add(Answers.object("id", job.id(), "attempt", job.attempt(), "ended", ended));
    }
  }

  private static Object perform(Job job) throws InterruptedException {
    for (Arguments step : new Arguments(payload(job)).parts("do")) {
      String what = step.given().keySet().iterator().next();
      switch (what) {
        case "checkpoint" -> job.checkpoint(step.part(what).text("key"), step.part(what).given().get("value"));
        case "progress" -> job.progress(step.part(what).number("current"), step.part(what).number("total"));
        case "fail" -> fail(step.part(what));
        case "fail_once" -> {
          if (job.attempt() == 1) {
            fail(step.part(what));
          }
        }
        case "wait" -> Thread.sleep(LONG.toMillis());
        case "complete" -> {
          Object result = step.given().get(what);
          return "checkpoints".equals(result) ? job.checkpoints() : result;
        }
        default -> throw new Permanent("The driver does not know " + what + ".");
      }
    }
    return null;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> payload(Job job) {
    return (Map<String, Object>) job.payload();
  }

  private static void fail(Arguments error) {
    if (error.yes("retryable")) {
      throw new Retryable(error.text("message"), error.text("code"), null, null);
    }
    throw new Permanent(error.text("message"), error.text("code"), null);
  }
}
