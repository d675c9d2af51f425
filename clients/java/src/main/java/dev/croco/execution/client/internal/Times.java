package dev.croco.execution.client.internal;

import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import java.time.Instant;

/** Lengths of time and moments, between Java and the contract. */
public final class Times {
  private Times() {}

  public static Duration toDuration(java.time.Duration span) {
    return Duration.newBuilder().setSeconds(wholeSeconds(span)).setNanos(restNanos(span)).build();
  }

  public static Timestamp toTimestamp(Instant moment) {
    return Timestamp.newBuilder().setSeconds(moment.getEpochSecond()).setNanos(moment.getNano()).build();
  }

  public static java.time.Duration fromDuration(Duration duration) {
    return java.time.Duration.ofSeconds(duration.getSeconds(), duration.getNanos());
  }

  public static Instant fromTimestamp(Timestamp timestamp) {
    return Instant.ofEpochSecond(timestamp.getSeconds(), timestamp.getNanos());
  }

  /** In a Duration seconds and nanoseconds have the same sign; in Java nanoseconds are never negative. */
  private static long wholeSeconds(java.time.Duration span) {
    return span.isNegative() && span.getNano() > 0 ? span.getSeconds() + 1 : span.getSeconds();
  }

  private static int restNanos(java.time.Duration span) {
    return span.isNegative() && span.getNano() > 0 ? span.getNano() - 1_000_000_000 : span.getNano();
  }
}
