package dev.croco.execution.client.worker;

import dev.croco.execution.client.ExecutionError;
import dev.croco.execution.client.problems.Cancelled;
import dev.croco.execution.client.problems.ExecutionProblem;
import java.io.InterruptedIOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.channels.ClosedByInterruptException;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.CancellationException;

/** What the service is told of what a task has thrown. */
final class Failures {
  private Failures() {}

  /**
   * Make the error of it.
   *
   * @param retryable whether another attempt may succeed, unless what was thrown says so itself
   */
  static ExecutionError errorOf(Throwable thrown, boolean retryable) {
    ExecutionError error = toldBy(thrown, retryable);
    String code = error.code().isEmpty() ? codeOf(thrown) : error.code();
    String message = error.message().isEmpty() ? nameOf(thrown) : error.message();
    return error.withCode(code).withMessage(message).withStack(stackOf(thrown));
  }

  /** Whether a task that was told to stop ended for that reason, be it that the exception is wrapped in others. */
  static boolean isCancellation(Throwable thrown) {
    Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>()); // Causes may go round in a circle.
    for (Throwable cause = thrown; cause != null && seen.add(cause); cause = cause.getCause()) {
      if (cause instanceof InterruptedException
          || cause instanceof CancellationException
          || cause instanceof Cancelled
          || cause instanceof InterruptedIOException
          || cause instanceof ClosedByInterruptException) {
        return true;
      }
    }
    return false;
  }

  private static ExecutionError toldBy(Throwable thrown, boolean retryable) {
    if (thrown instanceof TaskFailure known) {
      return known.error();
    }
    String message = messageOf(thrown);
    return retryable ? ExecutionError.retryable(message) : ExecutionError.permanent(message);
  }

  private static String messageOf(Throwable thrown) {
    try {
      return thrown.getMessage() == null ? "" : thrown.getMessage();
    } catch (Throwable fault) {
      return ""; // Somebody's getMessage: without a word of the failure the execution would never end.
    }
  }

  private static String codeOf(Throwable thrown) {
    boolean told = thrown instanceof ExecutionProblem problem && !problem.reason().isEmpty();
    return told ? ((ExecutionProblem) thrown).reason() : nameOf(thrown);
  }

  private static String nameOf(Throwable thrown) {
    String name = thrown.getClass().getName();
    return name.substring(name.lastIndexOf('.') + 1);
  }

  private static String stackOf(Throwable thrown) {
    try {
      StringWriter stack = new StringWriter();
      thrown.printStackTrace(new PrintWriter(stack));
      return stack.toString();
    } catch (Throwable fault) {
      return "";
    }
  }
}
