package dev.croco.execution.client;

/**
 * JSON values are plain Java values: null, Boolean, Long, Double, String, List and Map with String keys.
 *
 * <p>So they come back; an integral number of up to 2^53 is a Long. Taken are also the other integer types, Float,
 * arrays of objects and collections. What JSON cannot hold is refused with an IllegalArgumentException that names its
 * path, as in {@code payload.items[3]}, before anything is sent: integers beyond 2^53, NaN, Infinity, half a surrogate
 * pair, more than 30 levels, and any other type.
 */
public final class Json {
  /**
   * JSON null, where null itself means that there is no value: as the payload, result or a task's answer. Inside of a
   * list or a map the two are the same.
   */
  public static final Object NULL =
      new Object() {
        @Override
        public String toString() {
          return "null";
        }
      };

  private Json() {}
}
