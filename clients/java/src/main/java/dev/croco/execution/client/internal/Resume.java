package dev.croco.execution.client.internal;

import dev.croco.execution.client.problems.ClientClosed;
import dev.croco.execution.client.problems.DeadlineExceeded;
import dev.croco.execution.client.problems.ExecutionProblem;
import dev.croco.execution.client.problems.Unavailable;
import java.time.Duration;

/** Decides whether to ask again after a problem, and after which pause. */
public final class Resume {
  private static final int TRIES = 5;

  private final Pauses pauses = Pauses.ofStreams();
  private int failures;

  /** An answer came: the next pause is short again. */
  public void succeeded() {
    failures = 0;
    pauses.reset();
  }

  /**
   * Answer for how long to wait before asking again. A service that does not answer is asked for ever; one whose
   * streams break in some other way, five times in a row.
   *
   * @throws ExecutionProblem {@code problem} itself, if asking again is of no use
   */
  public Duration pauseAfter(ExecutionProblem problem) {
    failures++;
    if (Thread.currentThread().isInterrupted() || !mayPass(problem)) {
      throw problem;
    }
    return pauses.next(problem.retryDelay());
  }

  private boolean mayPass(ExecutionProblem problem) {
    if (problem instanceof ClientClosed) {
      return false;
    }
    if (problem instanceof Unavailable || problem instanceof DeadlineExceeded) {
      return true;
    }
    return switch (problem.code()) {
      // How gRPC reports a stream that ended without a status, by what the proxy or the server did to the connection.
      case CANCELLED, INTERNAL, UNKNOWN -> problem.reason().isEmpty() && failures <= TRIES;
      default -> false;
    };
  }
}
