package dev.croco.execution.client.problems;

import java.util.Map;
import java.util.function.Function;

/** Makes problems of the class of their reason, else of their code. */
public final class Problems {
  private static final Map<String, Function<ProblemDetails, ExecutionProblem>> BY_REASON =
      Map.ofEntries(
          Map.entry("INVALID_FIELD", InvalidField::new),
          Map.entry("PAYLOAD_TOO_LARGE", PayloadTooLarge::new),
          Map.entry("INVALID_PAGE_TOKEN", InvalidPageToken::new),
          Map.entry("EXECUTION_NOT_FOUND", ExecutionNotFound::new),
          Map.entry("IDEMPOTENCY_KEY_REUSED", IdempotencyKeyReused::new),
          Map.entry("INVALID_STATE_TRANSITION", InvalidStateTransition::new),
          Map.entry("MAX_RETRIES_EXCEEDED", MaxRetriesExceeded::new),
          Map.entry("EXECUTION_NOT_RUNNING", ExecutionNotRunning::new),
          Map.entry("EXECUTION_ACTIVE", ExecutionActive::new),
          Map.entry("ATTEMPT_FENCED", AttemptFenced::new),
          Map.entry("REVISION_MISMATCH", RevisionMismatch::new),
          Map.entry("CONTENTION", Contention::new),
          Map.entry("WATCH_REVISION_COMPACTED", WatchRevisionCompacted::new),
          Map.entry("QUOTA_EXCEEDED", QuotaExceeded::new),
          Map.entry("TOO_MANY_WATCHES", TooManyWatches::new),
          Map.entry("TOO_MANY_CHECKPOINTS", TooManyCheckpoints::new),
          Map.entry("STORE_UNAVAILABLE", StoreUnavailable::new),
          Map.entry("SERVER_DRAINING", ServerDraining::new),
          Map.entry("CREDENTIALS_MISSING", CredentialsMissing::new),
          Map.entry("CREDENTIALS_INVALID", CredentialsInvalid::new),
          Map.entry("METHOD_FORBIDDEN", MethodForbidden::new),
          Map.entry("UNEXPECTED", Unexpected::new));

  private Problems() {}

  /** Make the problem that has these details. */
  public static ExecutionProblem of(ProblemDetails details) {
    Function<ProblemDetails, ExecutionProblem> kind = BY_REASON.get(details.reason());
    if (kind != null) {
      return kind.apply(details);
    }
    return switch (details.code()) {
      case UNAVAILABLE -> new Unavailable(details);
      case DEADLINE_EXCEEDED -> new DeadlineExceeded(details);
      case CANCELLED -> new Cancelled(details);
      default -> new ExecutionProblem(details);
    };
  }
}
