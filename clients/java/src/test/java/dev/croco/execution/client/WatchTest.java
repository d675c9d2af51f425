package dev.croco.execution.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.client.problems.Cancelled;
import dev.croco.execution.client.problems.ClientClosed;
import dev.croco.execution.client.problems.ExecutionNotFound;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.v1.Execution;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.ExecutionStatus;
import dev.croco.execution.v1.WatchEvent;
import dev.croco.execution.v1.WatchExecutionRequest;
import dev.croco.execution.v1.WatchExecutionResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WatchTest {
  private final Queue<Consumer<StreamObserver<WatchExecutionResponse>>> script = new ArrayDeque<>();
  private final BlockingQueue<WatchExecutionRequest> asked = new LinkedBlockingQueue<>();
  private final BlockingQueue<Boolean> cancelled = new LinkedBlockingQueue<>();

  /** What the server does when the script is over. */
  private Consumer<StreamObserver<WatchExecutionResponse>> lastly = stream -> {};

  private Scripted server;
  private ExecutionClient client;

  @BeforeEach
  void open() throws IOException {
    server = new Scripted(new Executions());
    client = new ExecutionClient(server.target());
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Test
  void aBrokenWatchGoesOnWithoutAGapAndWithoutARepeat() throws InterruptedException {
    script.add(stream -> tell(stream, 1, 2).onError(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING")));
    script.add(stream -> tell(stream, 2, 3).onError(Status.INTERNAL.asRuntimeException()));
    script.add(stream -> tell(stream, 4).onCompleted());
    script.add(stream -> end(stream, 5));
    assertEquals(List.of(1L, 2L, 3L, 4L, 5L), client.watch("x").stream().map(WatchMessage::revision).toList());
    assertFalse(Scripted.next(asked).hasAfterRevision());
    assertEquals(2, Scripted.next(asked).getAfterRevision());
    assertEquals(3, Scripted.next(asked).getAfterRevision());
    assertEquals(4, Scripted.next(asked).getAfterRevision());
  }

  @Test
  void aWatchThatGoesOnAsksForMetadataAgain() {
    script.add(stream -> tell(stream, 1).onError(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING")));
    script.add(stream -> end(stream, 2));
    try (ExecutionClient known = new ExecutionClient(server.target(), Scripted.counted())) {
      assertEquals(2, known.watch("x").stream().count());
    }
    assertEquals(List.of("1", "2"), server.sent("traceparent"));
  }

  @Test
  void aSilentStreamIsTakenForLost() {
    script.add(stream -> tell(stream, 1));
    lastly = stream -> end(stream, 2);
    ClientOptions impatient = ClientOptions.usual().withWatchSilence(Duration.ofSeconds(1));
    try (ExecutionClient other = new ExecutionClient(server.target(), impatient)) {
      List<Long> told = other.watch("x").stream().map(WatchMessage::revision).toList();
      assertEquals(2, told.get(told.size() - 1));
    }
  }

  @Test
  void whatDoesNotPassIsThrown() {
    script.add(
        stream -> tell(stream, 1).onError(Scripted.refusal(Status.Code.NOT_FOUND, "EXECUTION_NOT_FOUND")));
    try (Watch watch = client.watch("x")) {
      List<Long> told = new ArrayList<>();
      assertThrows(ExecutionNotFound.class, () -> watch.forEach(one -> told.add(one.revision())));
      assertEquals(List.of(1L), told);
      assertFalse(watch.iterator().hasNext(), "it has ended");
    }
  }

  @Test
  void aStreamThatBreaksInOneWayAgainAndAgainIsGivenUp() {
    for (int failure = 0; failure < 9; failure++) {
      script.add(stream -> stream.onError(Status.INTERNAL.asRuntimeException()));
    }
    try (Watch watch = client.watch("x")) {
      ExecutionProblem problem = assertThrows(ExecutionProblem.class, () -> watch.iterator().hasNext());
      assertEquals(Status.Code.INTERNAL, problem.code());
      assertEquals(6, asked.size());
    }
  }

  @Test
  void aStreamThatHasToldSomethingBeforeItBrokeIsNotCounted() {
    for (long revision = 1; revision <= 8; revision++) {
      long next = revision;
      script.add(stream -> tell(stream, next).onError(Status.INTERNAL.asRuntimeException()));
    }
    lastly = stream -> end(stream, 9);
    assertEquals(9, client.watch("x").stream().count());
  }

  @Test
  void closingInAnotherThreadEndsTheLoop() throws InterruptedException {
    script.add(stream -> tell(stream, 1));
    Watch watch = client.watch("x");
    BlockingQueue<Object> told = reading(watch);
    assertEquals(1L, Scripted.next(told));
    watch.close();
    assertEquals("the end", Scripted.next(told));
    assertTrue(Scripted.next(cancelled), "the server hears of it");
  }

  @Test
  void leavingTheLoopEndsTheCall() throws InterruptedException {
    script.add(stream -> tell(stream, 1));
    try (Watch watch = client.watch("x")) {
      assertEquals(1, watch.iterator().next().revision());
    }
    assertTrue(Scripted.next(cancelled));
  }

  @Test
  void closingTheClientEndsItsWatches() throws InterruptedException {
    script.add(stream -> tell(stream, 1));
    BlockingQueue<Object> told = reading(client.watch("x"));
    assertEquals(1L, Scripted.next(told));
    client.close();
    assertEquals(ClientClosed.class, Scripted.next(told));
  }

  @Test
  void anInterruptedReaderLeaves() throws InterruptedException {
    Thread.currentThread().interrupt();
    try (Watch watch = client.watch("x")) {
      assertThrows(Cancelled.class, () -> watch.iterator().hasNext());
    } finally {
      assertTrue(Thread.interrupted());
    }
  }

  /** Read in another thread, and tell what comes and how it ends. */
  private static BlockingQueue<Object> reading(Watch watch) {
    BlockingQueue<Object> told = new LinkedBlockingQueue<>();
    Thread reader =
        new Thread(
            () -> {
              try {
                watch.forEach(one -> told.add(one.revision()));
                told.add("the end");
              } catch (RuntimeException problem) {
                told.add(problem.getClass());
              }
            });
    reader.start();
    return told;
  }

  private static StreamObserver<WatchExecutionResponse> tell(
      StreamObserver<WatchExecutionResponse> stream, long... revisions) {
    for (long revision : revisions) {
      stream.onNext(message(revision, ExecutionStatus.EXECUTION_STATUS_RUNNING));
    }
    return stream;
  }

  private static void end(StreamObserver<WatchExecutionResponse> stream, long revision) {
    stream.onNext(message(revision, ExecutionStatus.EXECUTION_STATUS_COMPLETED));
    stream.onCompleted();
  }

  private static WatchExecutionResponse message(long revision, ExecutionStatus status) {
    return WatchExecutionResponse.newBuilder()
        .setRevision(revision)
        .setEvent(WatchEvent.WATCH_EVENT_UPDATED)
        .setExecution(Execution.newBuilder().setStatus(status))
        .build();
  }

  private final class Executions extends ExecutionServiceGrpc.ExecutionServiceImplBase {
    @Override
    public void watchExecution(WatchExecutionRequest request, StreamObserver<WatchExecutionResponse> stream) {
      ((ServerCallStreamObserver<WatchExecutionResponse>) stream).setOnCancelHandler(() -> cancelled.add(true));
      asked.add(request);
      Consumer<StreamObserver<WatchExecutionResponse>> act = script.poll();
      (act == null ? lastly : act).accept(stream);
    }
  }
}
