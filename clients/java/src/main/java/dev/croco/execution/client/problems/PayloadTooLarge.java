package dev.croco.execution.client.problems;

/** A field of the request is larger than its limit. */
public final class PayloadTooLarge extends InvalidField {
  public PayloadTooLarge(ProblemDetails details) {
    super(details);
  }

  /** How large it is. */
  public long sizeBytes() {
    return number("sizeBytes");
  }

  /** How large it may be. */
  public long limitBytes() {
    return number("limitBytes");
  }
}
