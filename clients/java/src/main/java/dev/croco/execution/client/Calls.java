package dev.croco.execution.client;

import dev.croco.execution.client.internal.Caller;
import dev.croco.execution.client.internal.Connection;
import java.time.Duration;

/** What all verbs are made with. */
abstract class Calls implements AutoCloseable {
  /** How long one round of a wait lasts: shorter than what proxies allow a silent call. */
  static final Duration ROUND = Duration.ofSeconds(20);

  /** How much longer the deadline of such a call is. */
  static final Duration GRACE = Duration.ofSeconds(5);

  final Connection connection;
  final Caller caller;
  final Duration watchSilence;

  Calls(String target, ClientOptions options) {
    connection = new Connection(target, options);
    caller = new Caller(connection);
    watchSilence = options.watchSilence();
  }

  /** End all calls and close the connections. A call after that throws ClientClosed. May be called twice. */
  @Override
  public void close() {
    connection.close();
  }
}
