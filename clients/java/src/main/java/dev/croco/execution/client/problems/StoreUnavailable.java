package dev.croco.execution.client.problems;

/** The service cannot reach its store. */
public final class StoreUnavailable extends Unavailable {
  public StoreUnavailable(ProblemDetails details) {
    super(details);
  }
}
