package dev.croco.execution.client.problems;

/** The call carries no credentials and needs some. */
public final class CredentialsMissing extends ExecutionProblem {
  public CredentialsMissing(ProblemDetails details) {
    super(details);
  }
}
