package dev.croco.execution.client.internal;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.problems.ClientClosed;
import dev.croco.execution.client.problems.ProblemDetails;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The channels of one client: one for short calls, others for long ones.
 *
 * <p>A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in
 * silence. Long calls (watches, waits, workers) would thus stop the short ones, so they have connections of their own,
 * and as many as they need.
 */
public final class Connection {
  /**
   * How many long calls share a connection. Servers that limit streams per connection allow at least 100 (RFC 9113).
   */
  private static final int PLACES = 100;

  private final String target;
  private final Duration deadline;
  private final Channels channels;
  private final List<Line> lines = new ArrayList<>();
  private ManagedChannel shortCalls;
  private boolean closed;

  public Connection(String target, ClientOptions options) {
    this.target = target;
    this.deadline = options.deadline();
    this.channels = new Channels(target, options);
  }

  /** What the client was told to connect to. */
  public String target() {
    return target;
  }

  /** How long a call may take that says nothing else. */
  public Duration deadline() {
    return deadline;
  }

  /** The channel for short calls. */
  public synchronized Channel shortCalls() {
    refuseIfClosed();
    if (shortCalls == null) {
      shortCalls = channels.open();
    }
    return shortCalls;
  }

  /** Lend a place for one long call, until it is closed. */
  public synchronized Place longCall() {
    refuseIfClosed();
    Line line = lines.stream().filter(one -> one.calls < PLACES).findFirst().orElse(null);
    if (line == null) {
      line = new Line(channels.open());
      lines.add(line);
    }
    line.calls++;
    return new Place(line);
  }

  public synchronized boolean isClosed() {
    return closed;
  }

  /** End all calls. May be called twice. */
  public synchronized void close() {
    closed = true;
    if (shortCalls != null) {
      shortCalls.shutdownNow();
    }
    lines.forEach(line -> line.channel.shutdownNow());
  }

  private void refuseIfClosed() {
    if (closed) {
      throw closedProblem();
    }
  }

  static ClientClosed closedProblem() {
    return new ClientClosed(ProblemDetails.of(Status.Code.CANCELLED, "The client is closed."));
  }

  /** A channel and how many long calls it carries. */
  private static final class Line {
    private final ManagedChannel channel;
    private int calls;

    private Line(ManagedChannel channel) {
      this.channel = channel;
    }
  }

  /** A place for one long call. */
  public final class Place implements AutoCloseable {
    private final Line line;
    private boolean given;

    private Place(Line line) {
      this.line = line;
    }

    public Channel channel() {
      return line.channel;
    }

    /** Make a call. Where that fails, as by what the program gives as metadata, the place is given back. */
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method) {
      try {
        return line.channel.newCall(method, CallOptions.DEFAULT);
      } catch (RuntimeException | Error failure) {
        close();
        throw failure;
      }
    }

    /** Give it back. May be called twice. */
    @Override
    public void close() {
      synchronized (Connection.this) {
        if (!given) {
          given = true;
          line.calls--;
        }
      }
    }
  }
}
