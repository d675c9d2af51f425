package dev.croco.execution.client.internal;

import dev.croco.execution.client.problems.DeadlineExceeded;
import dev.croco.execution.client.problems.ExecutionProblem;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Makes unary calls, again where it may pass by itself what kept one from being answered.
 *
 * <p>By hand and not by gRPC's service config, whose repeats heed no RetryInfo, stop at requests of a certain size, and
 * do not say when the deadline comes why the tries before had failed. Every call may be repeated, except a claim: those
 * that change something carry a {@code request_id}.
 */
public final class Caller {
  private static final int TRIES = 5;

  private final Connection connection;

  public Caller(Connection connection) {
    this.connection = connection;
  }

  /** Make a short call; {@code deadline} is its length, null the client's. */
  public <Q, A> A call(MethodDescriptor<Q, A> method, Q request, Duration deadline) {
    return call(connection.shortCalls(), method, request, deadline == null ? connection.deadline() : deadline, TRIES);
  }

  /** Make a call that takes its time, on a connection for such. */
  public <Q, A> A longCall(MethodDescriptor<Q, A> method, Q request, Duration deadline, boolean repeat) {
    try (Connection.Place place = connection.longCall()) {
      return call(place.channel(), method, request, deadline, repeat ? TRIES : 1);
    }
  }

  /** Make the problem that an error of gRPC stands for. */
  public ExecutionProblem problemOf(StatusRuntimeException error) {
    Status.Code code = error.getStatus().getCode();
    boolean ended = code == Status.Code.UNAVAILABLE || code == Status.Code.CANCELLED;
    return ended && connection.isClosed() ? Connection.closedProblem() : RpcErrors.problemOf(error);
  }

  private <Q, A> A call(Channel channel, MethodDescriptor<Q, A> method, Q request, Duration deadline, int tries) {
    long end = System.nanoTime() + deadline.toNanos();
    Pauses pauses = Pauses.ofCalls();
    for (int tried = 1; ; tried++) {
      try {
        long left = Math.max(0, end - System.nanoTime());
        CallOptions options = CallOptions.DEFAULT.withWaitForReady().withDeadlineAfter(left, TimeUnit.NANOSECONDS);
        return ClientCalls.blockingUnaryCall(channel, method, options, request);
      } catch (StatusRuntimeException error) {
        ExecutionProblem problem = problemOf(error);
        if (problem instanceof DeadlineExceeded) {
          throw unreachable(problem, deadline);
        }
        Duration pause = pauses.next(problem.retryDelay());
        if (tried >= tries || !mayPass(problem) || pause.toNanos() >= end - System.nanoTime()) {
          throw problem;
        }
        Pauses.sleep(pause);
      }
    }
  }

  /**
   * Whether a repeat may help. CANCELLED too: with it, a server that stops ends the calls that have arrived but were
   * not taken up yet. (It is also how gRPC says that the thread was interrupted, which then ends the pause.)
   */
  private boolean mayPass(ExecutionProblem problem) {
    boolean passing = problem.code() == Status.Code.UNAVAILABLE || problem.code() == Status.Code.CANCELLED;
    return passing && !connection.isClosed();
  }

  /** gRPC waits for a server that is not there until the deadline, and then does not say so. */
  private DeadlineExceeded unreachable(ExecutionProblem problem, Duration deadline) {
    String told = connection.target() + " gave no answer within " + deadline.toMillis() + " ms: can it be reached? ";
    return new DeadlineExceeded(problem.details().withMessage(told + "(" + problem.getMessage() + ")"));
  }
}
