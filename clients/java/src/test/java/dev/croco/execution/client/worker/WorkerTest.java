package dev.croco.execution.client.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.Scripted;
import dev.croco.execution.client.internal.JsonWire;
import dev.croco.execution.client.problems.CredentialsInvalid;
import dev.croco.execution.v1.CancelRequested;
import dev.croco.execution.v1.Drain;
import dev.croco.execution.v1.ErrorReason;
import dev.croco.execution.v1.LeaseLost;
import dev.croco.execution.v1.WorkDirective;
import dev.croco.execution.v1.WorkHello;
import dev.croco.execution.v1.WorkRefusal;
import dev.croco.execution.v1.WorkReport;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;

class WorkerTest extends Employment {
  @Test
  void anExecutionIsDoneAndItsResultReported() throws InterruptedException {
    WorkScript.Stream stream = employ(job -> Map.of("album", job.payload(), "attempt", job.attempt()));
    WorkReport end = stream.end();
    assertEquals("x", end.getId());
    assertEquals(2, end.getAttempt());
    assertEquals(Map.of("album", 7L, "attempt", 2L), JsonWire.fromValue(end.getComplete().getResult()));
    assertStops();
  }

  @Test
  void afterABrokenStreamTheWorkerGoesOnWithWhatItHolds() throws InterruptedException {
    WorkScript.Stream first =
        employ(
            job -> {
              job.checkpoint("k", 5);
              return job.checkpoints();
            });
    WorkReport lost = first.report();
    first.fail(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING"));
    WorkScript.Stream second = script.next();
    assertEquals("x", second.hello().getHeld(0).getId());
    WorkReport repeated = second.taken();
    assertEquals(lost.getRequestId(), repeated.getRequestId());
    assertEquals(lost.getSequence(), repeated.getSequence());
    assertEquals(
        Map.of("before", 7L, "k", 5L), JsonWire.fromValue(second.end().getComplete().getResult()));
    assertStops();
  }

  @Test
  void eachStreamOfAWorkerAsksForMetadata() throws InterruptedException {
    begin(job -> null, Scripted.counted());
    script.next().fail(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING"));
    script.next();
    assertEquals(List.of("1", "2"), server.sent("traceparent"));
  }

  @Test
  void metadataThatCannotBeSentEndsTheWorker() throws InterruptedException {
    begin(job -> null, ClientOptions.usual().withMetadata(() -> Map.of("te", "x")));
    RuntimeException thrown = assertInstanceOf(IllegalArgumentException.class, Scripted.next(ended));
    assertTrue(thrown.getMessage().contains("\"te\""), thrown.getMessage());
  }

  @Test
  void whatMetadataThrowsTheWorkerThrows() throws InterruptedException {
    NoClassDefFoundError missing = new NoClassDefFoundError("Propagator");
    begin(
        job -> null,
        ClientOptions.usual()
            .withMetadata(
                () -> {
                  throw missing;
                }));
    assertEquals(missing, Scripted.next(ended));
  }

  @Test
  void whoIsAskedToStopIsInterruptedAndGivesTheExecutionBack() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              begun.countDown();
              try {
                Thread.sleep(Duration.ofHours(1).toMillis());
              } catch (InterruptedException interruption) {
                job.checkpoint("last", job.isCancelled());
                throw interruption;
              }
              return null;
            });
    begun.await();
    stream.direct(directive().setCancelRequested(CancelRequested.newBuilder().setReason("enough")));
    WorkReport last = stream.taken();
    assertTrue(last.getCheckpointsOrThrow("last").getBoolValue());
    assertTrue(stream.end().hasRelease());
    assertStops();
  }

  @Test
  void whoIsAskedAgainIsNotInterruptedAgain() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              begun.countDown();
              try {
                Thread.sleep(Duration.ofHours(1).toMillis());
              } catch (InterruptedException interruption) {
                job.checkpoint("last", 1);
              }
              return Thread.interrupted();
            });
    begun.await();
    stream.direct(directive().setCancelRequested(CancelRequested.getDefaultInstance()));
    WorkReport last = stream.report();
    stream.direct(directive().setCancelRequested(CancelRequested.getDefaultInstance()));
    stream.acknowledge(last);
    assertFalse(stream.end().getComplete().getResult().getBoolValue());
    assertStops();
  }

  @Test
  void ofALostLeaseNothingMoreIsWritten() throws InterruptedException {
    BlockingQueue<Class<?>> thrown = new LinkedBlockingQueue<>();
    WorkScript.Stream stream =
        employ(
            job -> {
              try {
                job.checkpoint("k", 1);
              } catch (JobCancelled cancelled) {
                thrown.add(cancelled.getClass());
                throw cancelled;
              }
              return null;
            });
    stream.report();
    stream.direct(directive().setLeaseLost(LeaseLost.newBuilder().setCause("lease_expired")));
    assertEquals(JobCancelled.class, Scripted.next(thrown));
    stream.assign(execution("y"));
    assertEquals("y", stream.report().getId());
  }

  @Test
  void aFencedReportStopsTheTask() throws InterruptedException {
    CountDownLatch stopped = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              try {
                job.checkpoint("k", 1);
              } finally {
                stopped.countDown();
              }
              return null;
            });
    stream.refuse(stream.report(), WorkRefusal.newBuilder().setReason(ErrorReason.ERROR_REASON_ATTEMPT_FENCED));
    stopped.await();
    assertStops();
  }

  @Test
  void theNewestProgressLeavesWithTheEnd() throws InterruptedException {
    WorkScript.Stream stream =
        employ(
            job -> {
              for (int at = 1; at <= 1000; at++) {
                job.progress(at, 1000);
              }
              assertThrows(IllegalArgumentException.class, () -> job.progress(-1, 0));
              return null;
            });
    int reports = 1;
    WorkReport last = stream.taken();
    double current = last.getProgress().getCurrent();
    while (last.getEndCase() == WorkReport.EndCase.END_NOT_SET) {
      last = stream.taken();
      reports++;
      current = last.hasProgress() ? last.getProgress().getCurrent() : current;
    }
    assertEquals(1000, current);
    assertTrue(reports < 1000, "what another has overtaken is not sent");
    assertFalse(last.getComplete().hasResult());
  }

  @Test
  void whatRunsIsStoppedAlsoWhenASecondRunWasRefused() throws InterruptedException {
    employ(job -> 1).end();
    assertThrows(IllegalStateException.class, worker::run);
    assertStops();
  }

  @Test
  void aWorkerThatStopsTakesNothingNewAndGivesBackWhatStillRuns() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              begun.countDown();
              Thread.sleep(Duration.ofHours(1).toMillis());
              return null;
            });
    begun.await();
    worker.stop();
    WorkScript.Stream second = script.next();
    WorkHello hello = second.hello();
    assertEquals(0, hello.getTypesCount());
    assertEquals(1, hello.getHeldCount());
    second.assign(execution("late"));
    assertTrue(second.end().hasRelease());
    assertTrue(second.end().hasRelease());
    assertEquals(GRACEFUL, Scripted.next(ended));
  }

  @Test
  void aDrainingServerIsFollowedByTheNextStream() throws InterruptedException {
    WorkScript.Stream first = employ(job -> 1);
    first.direct(WorkDirective.newBuilder().setDrain(Drain.getDefaultInstance()));
    first.end();
    first.fail(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING"));
    assertEquals(0, script.next().hello().getHeldCount());
    assertStops();
  }

  @Test
  void whatDoesNotPassEndsTheWorker() throws InterruptedException {
    employ(job -> 1).fail(Scripted.refusal(Status.Code.UNAUTHENTICATED, "CREDENTIALS_INVALID"));
    assertEquals(CredentialsInvalid.class, Scripted.next(ended).getClass());
  }

  @Test
  void aWorkerWithoutTasksOrOutsideItsLimitsIsRefused() {
    worker = new Worker(server.target());
    assertThrows(IllegalStateException.class, worker::run);
    worker.task("t", job -> 1);
    assertThrows(IllegalArgumentException.class, () -> worker.task("t", job -> 1));
    assertThrows(IllegalArgumentException.class, () -> WorkerOptions.usual().withConcurrency(0));
    assertThrows(IllegalArgumentException.class, () -> WorkerOptions.usual().withLease(Duration.ofMillis(999)));
  }
}
