package dev.croco.execution.client.problems;

/**
 * No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the same call with
 * the same request id may be made again.
 */
public class Unavailable extends ExecutionProblem {
  public Unavailable(ProblemDetails details) {
    super(details);
  }
}
