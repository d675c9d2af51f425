package dev.croco.execution.client.problems;

/** The server is about to stop; another one answers. */
public final class ServerDraining extends Unavailable {
  public ServerDraining(ProblemDetails details) {
    super(details);
  }

  /** The revision to resume a watch after; 0 for other calls. */
  public long revision() {
    return number("revision");
  }
}
