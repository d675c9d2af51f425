package dev.croco.execution.client;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import io.grpc.BindableService;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A server that answers as a test tells it to. */
public final class Scripted implements AutoCloseable {
  /** Passed only when something is broken. */
  public static final long GENEROUS_SECONDS = 60;

  /** The headers of all calls. */
  public final CopyOnWriteArrayList<Metadata> headers = new CopyOnWriteArrayList<>();

  private final Server server;

  public Scripted(BindableService... services) throws IOException {
    ServerBuilder<?> builder = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create());
    for (BindableService service : services) {
      builder.addService(service);
    }
    server = builder.intercept(new Listener()).build().start();
  }

  public String target() {
    return "localhost:" + server.getPort();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  /** The headers of a name, call by call; null where a call had none. */
  public List<String> sent(String name) {
    Metadata.Key<String> key = Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    return headers.stream().map(sent -> sent.get(key)).toList();
  }

  /** Options with metadata that say how often they were asked for, as "traceparent". */
  public static ClientOptions counted() {
    AtomicInteger asks = new AtomicInteger();
    return ClientOptions.usual().withMetadata(() -> Map.of("traceparent", String.valueOf(asks.incrementAndGet())));
  }

  /** Wait for the next of a queue. */
  public static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T one = queue.poll(GENEROUS_SECONDS, TimeUnit.SECONDS);
    assertNotNull(one, "nothing came");
    return one;
  }

  /** A refusal, as the service makes it. */
  public static StatusRuntimeException refusal(Status.Code code, String reason, Message... others) {
    com.google.rpc.Status.Builder status = com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage("No.");
    status.addDetails(
        Any.pack(ErrorInfo.newBuilder().setReason(reason).setDomain("execution.croco.dev").build()));
    for (Message other : others) {
      status.addDetails(Any.pack(other));
    }
    return StatusProto.toStatusRuntimeException(status.build());
  }

  private final class Listener implements ServerInterceptor {
    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, A> call, Metadata metadata, ServerCallHandler<Q, A> next) {
      headers.add(metadata);
      return next.startCall(call, metadata);
    }
  }
}
