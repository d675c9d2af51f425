package dev.croco.execution.client.problems;

/** The call was ended before its answer came: the thread was interrupted. */
public class Cancelled extends ExecutionProblem {
  public Cancelled(ProblemDetails details) {
    super(details);
  }
}
