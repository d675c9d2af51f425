package dev.croco.execution.client;

import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What a client may be told beside its target.
 *
 * @param tls how to encrypt; null sends plain text
 * @param token a bearer token to send with every call; null is none. Without TLS, to this machine only
 * @param metadata answers what else to send with a call, by name, such as the trace that the caller is in; null is
 *     nothing. It is asked for every try and every stream, on the thread that makes it (a worker has one of its own),
 *     and what it throws is thrown by the call, or by the worker's run. A name that is gRPC's, HTTP's or the client's
 *     own ("authorization" is the token's) or no name of a text, and a value that is not printable ASCII is an
 *     IllegalArgumentException there
 * @param deadline how long a call may take, its repeats included, if it says nothing else
 * @param watchSilence a watch that hears nothing for this long takes its stream for lost. The server sends something
 *     every 10 s
 */
public record ClientOptions(
    Tls tls, String token, Supplier<Map<String, String>> metadata, Duration deadline, Duration watchSilence) {
  public ClientOptions {
    if (!isPositive(deadline) || !isPositive(watchSilence)) {
      throw new IllegalArgumentException("deadline and watchSilence must be longer than 0.");
    }
  }

  /** Plain text, no token, a deadline of 10 s. */
  public static ClientOptions usual() {
    return new ClientOptions(null, null, null, Duration.ofSeconds(10), Duration.ofSeconds(30));
  }

  public ClientOptions withTls(Tls tls) {
    return new ClientOptions(tls, token, metadata, deadline, watchSilence);
  }

  public ClientOptions withToken(String token) {
    return new ClientOptions(tls, token, metadata, deadline, watchSilence);
  }

  public ClientOptions withMetadata(Supplier<Map<String, String>> metadata) {
    return new ClientOptions(tls, token, metadata, deadline, watchSilence);
  }

  public ClientOptions withDeadline(Duration deadline) {
    return new ClientOptions(tls, token, metadata, deadline, watchSilence);
  }

  public ClientOptions withWatchSilence(Duration watchSilence) {
    return new ClientOptions(tls, token, metadata, deadline, watchSilence);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "ClientOptions(" + tls + ", " + deadline + ", " + watchSilence + ")";
  }

  private static boolean isPositive(Duration span) {
    return !span.isNegative() && !span.isZero();
  }
}
