package dev.croco.execution.client.problems;

/** The client was closed. */
public final class ClientClosed extends Cancelled {
  public ClientClosed(ProblemDetails details) {
    super(details);
  }
}
