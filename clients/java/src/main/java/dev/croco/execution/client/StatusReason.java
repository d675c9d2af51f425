package dev.croco.execution.client;

/** Why an execution has the status it has. */
public enum StatusReason {
  CREATED,
  STARTED,
  SUCCEEDED,
  RETRYABLE_FAILURE,
  NON_RETRYABLE_FAILURE,
  ATTEMPTS_EXHAUSTED,
  ATTEMPT_TIMEOUT,
  REPORTED_TIMEOUT,
  CANCEL_REQUESTED,
  MANUAL_RETRY,
  GIVEN_UP,
  START_EXPIRED,
  TOTAL_TIMEOUT,
  AUTOMATIC_RETRY,
  LEASE_EXPIRED,
  CRASHES_EXHAUSTED,
  RELEASED,
  /** A reason that this version of the client does not know. */
  UNKNOWN;

  /** Convert that of the contract; one that is not known here is UNKNOWN. */
  public static StatusReason of(dev.croco.execution.v1.StatusReason wire) {
    return named(wire.name().replaceFirst("^STATUS_REASON_", ""));
  }

  private static StatusReason named(String name) {
    for (StatusReason one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return UNKNOWN;
  }
}
