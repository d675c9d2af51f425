package dev.croco.execution.client.internal;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Has a channel that finds no server try again within 5 s.
 *
 * <p>Left to itself gRPC waits for up to two minutes, and in Java there is no setting for it. So while all servers are
 * away its waiting is cut short, after pauses that grow from 200 ms to 5 s.
 */
final class Reconnection {
  private static final long FIRST_PAUSE_MS = 200;
  private static final long LONGEST_PAUSE_MS = 5_000;

  private final ManagedChannel channel;
  private long pauseMs = FIRST_PAUSE_MS;
  private boolean underWay;

  Reconnection(ManagedChannel channel) {
    this.channel = channel;
  }

  /** Begin; ends with the channel. */
  synchronized void hasten() {
    ConnectivityState state = channel.getState(false);
    if (state == ConnectivityState.READY) {
      pauseMs = FIRST_PAUSE_MS;
    } else if (state == ConnectivityState.TRANSIENT_FAILURE && !underWay) {
      underWay = true;
      tryLater();
    }
    if (state != ConnectivityState.SHUTDOWN) {
      channel.notifyWhenStateChanged(state, this::hasten);
    }
  }

  private void tryLater() {
    Executor later = CompletableFuture.delayedExecutor(pauseMs, TimeUnit.MILLISECONDS);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    later.execute(this::tryNow);
  }

  private synchronized void tryNow() {
    underWay = channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE;
    if (underWay) {
      channel.resetConnectBackoff();
      tryLater();
    }
  }
}
