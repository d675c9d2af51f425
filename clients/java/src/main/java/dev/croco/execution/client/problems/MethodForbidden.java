package dev.croco.execution.client.problems;

/** The caller may not use this method. */
public final class MethodForbidden extends ExecutionProblem {
  public MethodForbidden(ProblemDetails details) {
    super(details);
  }

  /** The full name of the method. */
  public String method() {
    return text("method");
  }
}
