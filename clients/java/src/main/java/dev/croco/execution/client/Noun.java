package dev.croco.execution.client;

import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import com.google.protobuf.Timestamp;
import dev.croco.execution.client.internal.Times;
import java.time.Instant;
import java.util.List;
import java.util.function.Function;

/**
 * A value that is a message of the contract, read with Java's own types. Two are equal if their messages are.
 *
 * @param <M> the message
 */
public abstract class Noun<M extends Message> {
  final M wire;

  Noun(M wire) {
    this.wire = wire;
  }

  /** The message of the contract. */
  public final M wire() {
    return wire;
  }

  @Override
  public final boolean equals(Object other) {
    return other != null && getClass() == other.getClass() && wire.equals(((Noun<?>) other).wire);
  }

  @Override
  public final int hashCode() {
    return wire.hashCode();
  }

  @Override
  public String toString() {
    return getClass().getSimpleName() + "(" + TextFormat.printer().emittingSingleLine(true).printToString(wire) + ")";
  }

  static java.time.Duration span(boolean there, Duration duration) {
    return there ? Times.fromDuration(duration) : null;
  }

  static Instant moment(boolean there, Timestamp timestamp) {
    return there ? Times.fromTimestamp(timestamp) : null;
  }

  static <A, B> List<B> all(List<A> messages, Function<A, B> make) {
    return messages.stream().map(make).toList();
  }
}
