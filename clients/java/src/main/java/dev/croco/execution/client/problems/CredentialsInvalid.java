package dev.croco.execution.client.problems;

/** The call's credentials are unknown or have expired. */
public final class CredentialsInvalid extends ExecutionProblem {
  public CredentialsInvalid(ProblemDetails details) {
    super(details);
  }
}
