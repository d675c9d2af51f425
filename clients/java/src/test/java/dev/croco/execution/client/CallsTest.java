package dev.croco.execution.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.RetryInfo;
import dev.croco.execution.client.internal.Times;
import dev.croco.execution.client.problems.Cancelled;
import dev.croco.execution.client.problems.ClientClosed;
import dev.croco.execution.client.problems.DeadlineExceeded;
import dev.croco.execution.client.problems.InvalidStateTransition;
import dev.croco.execution.client.problems.ServerDraining;
import dev.croco.execution.client.problems.StoreUnavailable;
import dev.croco.execution.client.problems.Unavailable;
import dev.croco.execution.v1.ClaimExecutionsRequest;
import dev.croco.execution.v1.ClaimExecutionsResponse;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.GetExecutionRequest;
import dev.croco.execution.v1.GetExecutionResponse;
import dev.croco.execution.v1.ListExecutionsRequest;
import dev.croco.execution.v1.ListExecutionsResponse;
import dev.croco.execution.v1.StartExecutionRequest;
import dev.croco.execution.v1.StartExecutionResponse;
import dev.croco.execution.v1.WaitExecutionRequest;
import dev.croco.execution.v1.WaitExecutionResponse;
import dev.croco.execution.v1.WorkerServiceGrpc;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CallsTest {
  private final Queue<RuntimeException> failures = new ArrayDeque<>();
  private final List<StartExecutionRequest> starts = new CopyOnWriteArrayList<>();
  private final BlockingQueue<String> waits = new LinkedBlockingQueue<>();
  private int claims;
  private Scripted server;
  private ExecutionClient client;

  @BeforeEach
  void open() throws IOException {
    server = new Scripted(new Executions(), new Work());
    client = new ExecutionClient(server.target(), ClientOptions.usual().withDeadline(Duration.ofMinutes(1)));
  }

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  @Test
  void whatPassesIsRepeatedUnderTheSameName() {
    failures.add(Scripted.refusal(Status.Code.UNAVAILABLE, "STORE_UNAVAILABLE"));
    failures.add(Status.CANCELLED.asRuntimeException());
    assertEquals("x", client.start("x").id());
    assertEquals(3, starts.size());
    assertEquals(1, starts.stream().map(StartExecutionRequest::getRequestId).distinct().count());
    assertEquals(36, starts.get(0).getRequestId().length(), "a UUID");
  }

  @Test
  void fiveTriesAreEnough() {
    for (int failure = 0; failure < 9; failure++) {
      failures.add(Scripted.refusal(Status.Code.UNAVAILABLE, "STORE_UNAVAILABLE"));
    }
    assertThrows(StoreUnavailable.class, () -> client.start("x"));
    assertEquals(5, starts.size());
  }

  @Test
  void aRepeatThatWouldBeTooLateIsNotMade() {
    RetryInfo later = RetryInfo.newBuilder().setRetryDelay(Times.toDuration(Duration.ofHours(1))).build();
    failures.add(Scripted.refusal(Status.Code.UNAVAILABLE, "SERVER_DRAINING", later));
    ServerDraining problem = assertThrows(ServerDraining.class, () -> client.start("x"));
    assertEquals(Duration.ofHours(1), problem.retryDelay());
    assertEquals(1, starts.size());
  }

  @Test
  void whatDoesNotPassIsNotRepeated() {
    failures.add(Scripted.refusal(Status.Code.FAILED_PRECONDITION, "INVALID_STATE_TRANSITION"));
    assertThrows(InvalidStateTransition.class, () -> client.start("x"));
    assertEquals(1, starts.size());
  }

  @Test
  void whatTheCallerNamesIsSent() {
    client.start("x", new ChangeOptions().requestId("mine").expectedRevision(7));
    assertEquals("mine", starts.get(0).getRequestId());
    assertEquals(7, starts.get(0).getExpectedRevision());
  }

  @Test
  void aClaimIsNeverRepeated() {
    failures.add(Scripted.refusal(Status.Code.UNAVAILABLE, "STORE_UNAVAILABLE"));
    assertThrows(Unavailable.class, () -> client.claim("me", List.of("t")));
    assertEquals(1, claims);
  }

  @Test
  void aServerThatIsNotThereIsNamedWhenTheDeadlineHasPassed() throws IOException {
    String target;
    try (ServerSocket nobody = new ServerSocket(0)) {
      target = "localhost:" + nobody.getLocalPort();
    }
    try (ExecutionClient lonely = new ExecutionClient(target)) {
      DeadlineExceeded problem =
          assertThrows(DeadlineExceeded.class, () -> lonely.get("x", null, Duration.ofMillis(300)));
      assertTrue(problem.getMessage().startsWith(target + " gave no answer"), problem.getMessage());
    }
  }

  @Test
  void aClosedClientMakesNoCalls() {
    client.close();
    assertThrows(ClientClosed.class, () -> client.get("x"));
    assertThrows(ClientClosed.class, () -> client.waitFor("x"));
  }

  @Test
  void closingEndsTheCallsThatWait() throws InterruptedException {
    BlockingQueue<RuntimeException> thrown = new LinkedBlockingQueue<>();
    Thread waiting = waiting(thrown);
    Scripted.next(waits);
    client.close();
    assertTrue(Scripted.next(thrown) instanceof ClientClosed);
    waiting.join();
  }

  @Test
  void anInterruptedThreadLeavesItsCallAndStaysInterrupted() throws InterruptedException {
    BlockingQueue<RuntimeException> thrown = new LinkedBlockingQueue<>();
    Thread waiting = waiting(thrown);
    Scripted.next(waits);
    waiting.interrupt();
    assertEquals(Cancelled.class, Scripted.next(thrown).getClass());
    waiting.join();
    assertEquals("x", client.get("x").id());
    assertEquals(0, waits.size(), "it asked once");
  }

  @Test
  void theTokenGoesWithEveryCall() {
    try (ExecutionClient known = new ExecutionClient(server.target(), ClientOptions.usual().withToken("secret"))) {
      known.get("x");
    }
    assertEquals("Bearer secret", server.sent("authorization").get(0));
  }

  @Test
  void metadataOfTheCallersOwnGoesWithEveryCallFromTheCallersThread() {
    ThreadLocal<String> trace = ThreadLocal.withInitial(() -> "another thread's");
    trace.set("one");
    ClientOptions traced =
        ClientOptions.usual().withToken("secret").withMetadata(() -> Map.of("traceparent", trace.get()));
    try (ExecutionClient known = new ExecutionClient(server.target(), traced)) {
      known.get("x");
      trace.set("two");
      known.get("x");
    }
    assertEquals(List.of("one", "two"), server.sent("traceparent"));
    assertEquals("Bearer secret", server.sent("authorization").get(1));
  }

  @Test
  void aRepeatAsksForMetadataAgain() {
    failures.add(Scripted.refusal(Status.Code.UNAVAILABLE, "STORE_UNAVAILABLE"));
    failures.add(Status.CANCELLED.asRuntimeException());
    try (ExecutionClient known = new ExecutionClient(server.target(), Scripted.counted())) {
      known.start("x");
    }
    assertEquals(List.of("1", "2", "3"), server.sent("traceparent"));
  }

  @Test
  void metadataWithoutATextIsRefusedByName() {
    ClientOptions wrong = ClientOptions.usual().withMetadata(() -> Collections.singletonMap("fine", null));
    try (ExecutionClient mistaken = new ExecutionClient(server.target(), wrong)) {
      Exception thrown = assertThrows(IllegalArgumentException.class, () -> mistaken.get("x"));
      assertTrue(thrown.getMessage().contains("fine"), thrown.getMessage());
    }
  }

  @Test
  void metadataThatCannotBeSentIsRefusedByNameAndNothingIsSent() {
    Map<String, String> refused =
        Map.of("Authorization", "x", "te", "x", "grpc-x", "x", "X-Bin", "x", "no name", "x", "fine", "\n");
    for (Map.Entry<String, String> one : refused.entrySet()) {
      ClientOptions wrong = ClientOptions.usual().withMetadata(() -> Map.of(one.getKey(), one.getValue()));
      try (ExecutionClient mistaken = new ExecutionClient(server.target(), wrong)) {
        Exception thrown = assertThrows(IllegalArgumentException.class, () -> mistaken.get("x"));
        assertTrue(thrown.getMessage().contains(one.getKey()), thrown.getMessage());
        assertThrows(IllegalArgumentException.class, () -> mistaken.watch("x").iterator().next());
      }
    }
    assertEquals(0, server.headers.size());
  }

  @Test
  void aListAsksForAPageWhenItIsNeeded() {
    try (Stream<Execution> all = client.list(Filter.all())) {
      assertEquals(List.of("a", "b"), all.limit(2).map(Execution::id).toList());
    }
    assertEquals(List.of("a", "b", "c"), client.list(Filter.all()).map(Execution::id).toList());
  }

  private Thread waiting(BlockingQueue<RuntimeException> thrown) {
    Thread waiting =
        new Thread(
            () -> {
              try {
                client.waitFor("x");
              } catch (RuntimeException problem) {
                boolean wanted = problem instanceof ClientClosed || Thread.currentThread().isInterrupted();
                thrown.add(wanted ? problem : new IllegalStateException("not interrupted", problem));
              }
            });
    waiting.start();
    return waiting;
  }

  private static dev.croco.execution.v1.Execution one(String id) {
    return dev.croco.execution.v1.Execution.newBuilder().setId(id).build();
  }

  private static <A> void answer(StreamObserver<A> observer, A answer) {
    observer.onNext(answer);
    observer.onCompleted();
  }

  private final class Executions extends ExecutionServiceGrpc.ExecutionServiceImplBase {
    @Override
    public void startExecution(StartExecutionRequest request, StreamObserver<StartExecutionResponse> observer) {
      starts.add(request);
      RuntimeException failure = failures.poll();
      if (failure != null) {
        observer.onError(failure);
      } else {
        answer(observer, StartExecutionResponse.newBuilder().setExecution(one(request.getId())).build());
      }
    }

    @Override
    public void getExecution(GetExecutionRequest request, StreamObserver<GetExecutionResponse> observer) {
      answer(observer, GetExecutionResponse.newBuilder().setExecution(one(request.getId())).build());
    }

    @Override
    public void waitExecution(WaitExecutionRequest request, StreamObserver<WaitExecutionResponse> observer) {
      waits.add(request.getId()); // and no answer
    }

    @Override
    public void listExecutions(ListExecutionsRequest request, StreamObserver<ListExecutionsResponse> observer) {
      String at = request.getPageToken();
      ListExecutionsResponse.Builder page = ListExecutionsResponse.newBuilder();
      switch (at) {
        case "" -> page.addExecutions(one("a")).setNextPageToken("2");
        case "2" -> page.addExecutions(one("b")).setNextPageToken("3");
        default -> page.addExecutions(one("c"));
      }
      answer(observer, page.build());
    }
  }

  private final class Work extends WorkerServiceGrpc.WorkerServiceImplBase {
    @Override
    public void claimExecutions(ClaimExecutionsRequest request, StreamObserver<ClaimExecutionsResponse> observer) {
      claims++;
      observer.onError(failures.remove());
    }
  }
}
