package dev.croco.execution.client.problems;

/** All watches there may be are taken, or a watch of many executions was not read fast enough. */
public final class TooManyWatches extends ExecutionProblem {
  public TooManyWatches(ProblemDetails details) {
    super(details);
  }

  /** How many there may be. */
  public long limit() {
    return number("limit");
  }
}
