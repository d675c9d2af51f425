package dev.croco.execution.client.worker;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Waiting for what another thread does. */
final class Waiting {
  private Waiting() {}

  /**
   * Wait to the end; a thread that is interrupted meanwhile is so afterwards. Throws what the future has failed with.
   */
  static void uninterruptibly(CompletableFuture<Void> future) {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          forIt(future);
          return;
        } catch (InterruptedException interruption) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Wait, and throw what the future has failed with. */
  static void forIt(CompletableFuture<Void> future) throws InterruptedException {
    try {
      future.get();
    } catch (ExecutionException failed) {
      if (failed.getCause() instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failed.getCause(); // Nothing else is put into it.
    }
  }
}
