package dev.croco.execution.client.problems;

/** No answer came before the call's deadline, be it that the server cannot be reached. See Unavailable. */
public final class DeadlineExceeded extends ExecutionProblem {
  public DeadlineExceeded(ProblemDetails details) {
    super(details);
  }
}
