package dev.croco.execution.client.internal;

import dev.croco.execution.client.problems.ExecutionProblem;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * An open stream of answers, for one reader. Must be closed in the end.
 *
 * <p>The next message is asked for when one was read, so a slow reader makes the server wait.
 *
 * @param <M> a message
 */
public final class MessageStream<M> implements AutoCloseable {
  private final BlockingQueue<Event<M>> events = new LinkedBlockingQueue<>();
  private final Connection.Place place;
  private final Caller caller;
  private final ClientCall<?, M> call;

  /** One message, or with the status the end. */
  private record Event<M>(M message, Status status, Metadata trailers) {}

  private <Q> MessageStream(Connection connection, MethodDescriptor<Q, M> method, Q request) {
    caller = new Caller(connection);
    place = connection.longCall();
    ClientCall<Q, M> call = place.newCall(method);
    this.call = call;
    call.start(new Listener(), new Metadata());
    call.request(1);
    call.sendMessage(request);
    call.halfClose();
  }

  /** Open one. */
  public static <Q, M> MessageStream<M> open(Connection connection, MethodDescriptor<Q, M> method, Q request) {
    return new MessageStream<>(connection, method, request);
  }

  /**
   * Answer the next message; null at the end.
   *
   * @throws ExecutionProblem Unavailable if nothing comes for {@code silence}; Cancelled if the thread is interrupted;
   *     else that with which the stream has ended
   */
  public M read(Duration silence) {
    Event<M> event;
    try {
      event = events.poll(silence.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interruption) {
      throw Pauses.interrupted();
    }
    if (event == null) {
      throw RpcErrors.unavailable("Nothing came for " + silence.toMillis() + " ms.");
    }
    if (event.status == null) {
      call.request(1);
      return event.message;
    }
    events.add(event); // Whoever reads again finds the end again.
    if (event.status.isOk()) {
      return null;
    }
    throw caller.problemOf(event.status.asRuntimeException(event.trailers));
  }

  /** End the call, if it has not ended. May be called in any thread. */
  @Override
  public void close() {
    call.cancel("The stream is not read any more.", null);
    place.close();
  }

  private final class Listener extends ClientCall.Listener<M> {
    @Override
    public void onMessage(M message) {
      events.add(new Event<>(message, null, null));
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      events.add(new Event<>(null, status, trailers));
    }
  }
}
