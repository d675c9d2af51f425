package dev.croco.execution.client.problems;

/** A fault of the service. Its log has the cause under the incident id. */
public final class Unexpected extends ExecutionProblem {
  public Unexpected(ProblemDetails details) {
    super(details);
  }

  /** Names the incident. */
  public String incidentId() {
    return text("incidentId");
  }
}
