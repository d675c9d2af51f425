package dev.croco.execution.client.problems;

/** The page token was not made by this service, or was made for another filter or order. */
public final class InvalidPageToken extends InvalidField {
  public InvalidPageToken(ProblemDetails details) {
    super(details);
  }
}
