package dev.croco.execution.client;

import dev.croco.execution.client.internal.Times;
import dev.croco.execution.v1.ClaimExecutionsRequest;
import java.time.Duration;

/** What {@code claim} may be told. */
public final class ClaimOptions {
  private final ClaimExecutionsRequest.Builder request = ClaimExecutionsRequest.newBuilder();
  private Duration wait = Duration.ofSeconds(20);

  /** Say how many to answer at most, 1 to 1,000; else 1. */
  public ClaimOptions maxExecutions(int maxExecutions) {
    request.setMaxExecutions(maxExecutions);
    return this;
  }

  /** Say how long the worker may be silent before others get them; else 30 s. */
  public ClaimOptions leaseDuration(Duration duration) {
    request.setLeaseDuration(Times.toDuration(duration));
    return this;
  }

  /** Say how long to wait for the first, up to 60 s; else 20 s. */
  public ClaimOptions waitFor(Duration wait) {
    this.wait = wait;
    return this;
  }

  Duration waitFor() {
    return wait;
  }

  ClaimExecutionsRequest.Builder request() {
    return request.clone().setWait(Times.toDuration(wait));
  }
}
