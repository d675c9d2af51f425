package dev.croco.execution.client.worker;

import java.util.concurrent.CancellationException;

/** The job is to stop. Let it pass. */
public final class JobCancelled extends CancellationException {
  public JobCancelled(String message) {
    super(message);
  }
}
