package dev.croco.execution.client;

import com.google.protobuf.Message;
import java.time.Duration;

/** What the verbs of those who do the work may be told. May be used for any number of calls. */
public final class AttemptOptions extends ChangeOptions {
  private Integer attempt;

  /** Make those of an attempt; see {@link #attempt}. */
  public static AttemptOptions of(int attempt) {
    return new AttemptOptions().attempt(attempt);
  }

  /**
   * Say which attempt the caller runs, as {@code start} answered it. If it is not the current one any more the call
   * throws AttemptFenced, and nothing of it is taken.
   */
  public AttemptOptions attempt(int attempt) {
    this.attempt = attempt;
    return this;
  }

  @Override
  public AttemptOptions deadline(Duration deadline) {
    super.deadline(deadline);
    return this;
  }

  @Override
  public AttemptOptions expectedRevision(long revision) {
    super.expectedRevision(revision);
    return this;
  }

  @Override
  public AttemptOptions requestId(String requestId) {
    super.requestId(requestId);
    return this;
  }

  @Override
  <B extends Message.Builder> B on(B request) {
    set(request, "attempt", attempt);
    return super.on(request);
  }
}
