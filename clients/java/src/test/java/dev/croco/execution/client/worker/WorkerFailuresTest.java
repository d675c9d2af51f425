package dev.croco.execution.client.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.client.problems.TooManyCheckpoints;
import dev.croco.execution.v1.CancelRequested;
import dev.croco.execution.v1.ErrorReason;
import dev.croco.execution.v1.ExecutionError;
import dev.croco.execution.v1.WorkRefusal;
import dev.croco.execution.v1.WorkReport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class WorkerFailuresTest extends Employment {
  private static final class Mute extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public String getMessage() {
      throw new AssertionError("no message");
    }
  }

  @Test
  void aRefusedCheckpointIsTheTasksToKnow() throws InterruptedException {
    WorkScript.Stream stream =
        employ(
            job -> {
              assertThrows(TooManyCheckpoints.class, () -> job.checkpoint("k", 1));
              assertThrows(IllegalArgumentException.class, () -> job.checkpoint("k", Double.NaN));
              assertFalse(job.checkpoints().containsKey("k"));
              return "well";
            });
    stream.refuse(
        stream.report(), WorkRefusal.newBuilder().setReason(ErrorReason.ERROR_REASON_TOO_MANY_CHECKPOINTS));
    assertEquals("well", stream.end().getComplete().getResult().getStringValue());
  }

  @Test
  void anExceptionFailsTheAttempt() throws InterruptedException {
    ExecutionError error =
        failureOf(
            job -> {
              throw new IllegalStateException("out of paper");
            });
    assertEquals("out of paper", error.getMessage());
    assertEquals("IllegalStateException", error.getCode());
    assertTrue(error.getRetryable());
    assertTrue(error.getStack().contains("WorkerFailuresTest"), error.getStack());
  }

  @Test
  void aTaskDecidesWhatFollows() throws InterruptedException {
    ExecutionError error =
        failureOf(
            job -> {
              throw new Retryable("busy", "BUSY", Duration.ofSeconds(30), null);
            });
    assertEquals("BUSY", error.getCode());
    assertEquals(30, error.getRetryDelay().getSeconds());
    assertTrue(error.getRetryable());
  }

  @Test
  void aPermanentFailureIsNotRepeated() throws InterruptedException {
    ExecutionError error =
        failureOf(
            job -> {
              throw new Permanent("no such album");
            });
    assertFalse(error.getRetryable());
    assertEquals("Permanent", error.getCode());
  }

  @Test
  void aResultThatCannotBeSentFailsForGood() throws InterruptedException {
    ExecutionError error = failureOf(job -> List.of(Double.NaN));
    assertTrue(error.getMessage().startsWith("result[0] "), error.getMessage());
    assertFalse(error.getRetryable());
  }

  @Test
  void aResultThatIsNotTakenFailsForGood() throws InterruptedException {
    WorkScript.Stream stream = employ(job -> "large");
    stream.refuse(stream.report(), WorkRefusal.newBuilder().setReason(ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE));
    ExecutionError error = stream.end().getFail();
    assertEquals("PAYLOAD_TOO_LARGE", error.getCode());
    assertFalse(error.getRetryable());
  }

  @Test
  void theLastProgressOutlivesARefusedResult() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              job.progress(1, 2);
              begun.await();
              job.progress(2, 2);
              return "large";
            });
    stream.report(); // As long as this is not acknowledged no other progress is sent.
    begun.countDown();
    stream.refuse(stream.report(), WorkRefusal.newBuilder().setReason(ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE));
    WorkReport end = stream.end();
    assertTrue(end.hasFail());
    assertEquals(2, end.getProgress().getCurrent());
  }

  @Test
  void anExceptionThatCannotSayItsMessageFailsTheAttempt() throws InterruptedException {
    ExecutionError error =
        failureOf(
            job -> {
              throw new Mute();
            });
    assertEquals("WorkerFailuresTest$Mute", error.getMessage());
  }

  @Test
  void anExceptionThatIsItsOwnCauseFailsTheAttempt() throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    WorkScript.Stream stream =
        employ(
            job -> {
              begun.countDown();
              try {
                Thread.sleep(Duration.ofHours(1).toMillis());
              } catch (InterruptedException interruption) {
                IllegalStateException first = new IllegalStateException("first");
                first.initCause(new IllegalStateException("second", first));
                throw first;
              }
              return null;
            });
    begun.await();
    stream.direct(directive().setCancelRequested(CancelRequested.getDefaultInstance()));
    assertEquals("first", stream.end().getFail().getMessage());
  }

  @Test
  void whatIsRefusedForSomethingThatPassesIsRepeated() throws InterruptedException {
    WorkScript.Stream stream = employ(job -> 1);
    WorkReport refused = stream.report();
    stream.refuse(refused, WorkRefusal.newBuilder().setReason(ErrorReason.ERROR_REASON_STORE_UNAVAILABLE));
    assertEquals(refused, stream.taken());
    assertStops();
  }

  private ExecutionError failureOf(Task task) throws InterruptedException {
    WorkReport end = employ(task).end();
    assertTrue(end.hasFail());
    return end.getFail();
  }
}
