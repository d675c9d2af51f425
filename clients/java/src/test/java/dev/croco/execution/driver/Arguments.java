package dev.croco.execution.driver;

import dev.croco.execution.client.Json;
import java.math.BigInteger;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/** What a command comes with, read as what the client wants. */
record Arguments(Map<String, Object> given) {
  boolean has(String name) {
    return given.containsKey(name);
  }

  /** Do something with an argument, if it is there. */
  <T> void with(String name, Function<String, T> read, Consumer<T> use) {
    if (has(name)) {
      use.accept(read.apply(name));
    }
  }

  String text(String name) {
    return has(name) ? (String) given.get(name) : "";
  }

  boolean yes(String name) {
    return Boolean.TRUE.equals(given.get(name));
  }

  double number(String name) {
    return ((Number) given.get(name)).doubleValue();
  }

  long integer(String name) {
    return (long) number(name);
  }

  int count(String name) {
    return (int) number(name);
  }

  /** A length of time; null if it is not there, or null. */
  Duration span(String name) {
    return given.get(name) == null ? null : Duration.ofMillis(integer(name));
  }

  Instant moment(String name) {
    return Instant.ofEpochMilli(integer(name));
  }

  Duration deadline() {
    return span("deadline_ms");
  }

  @SuppressWarnings("unchecked")
  List<String> texts(String name) {
    return has(name) ? (List<String>) given.get(name) : List.of();
  }

  @SuppressWarnings("unchecked")
  Map<String, String> labels(String name) {
    return (Map<String, String>) given.get(name);
  }

  /** An object; null where it is null. */
  @SuppressWarnings("unchecked")
  Arguments part(String name) {
    return given.get(name) == null ? null : new Arguments((Map<String, Object>) given.get(name));
  }

  @SuppressWarnings("unchecked")
  List<Arguments> parts(String name) {
    return ((List<Map<String, Object>>) given.get(name)).stream().map(Arguments::new).toList();
  }

  /** A JSON value, of which null is one of its own. */
  Object json(String name) {
    Object value = plain(given.get(name));
    return value == null && has(name) ? Json.NULL : value;
  }

  @SuppressWarnings("unchecked")
  Map<String, Object> values(String name) {
    return (Map<String, Object>) plain(given.get(name));
  }

  /** A JSON value with the numbers that JSON cannot write. */
  static Object plain(Object json) {
    if (json instanceof List<?> list) {
      List<Object> items = new ArrayList<>();
      list.forEach(item -> items.add(plain(item)));
      return items;
    }
    if (json instanceof Map<?, ?> map) {
      if (map.keySet().equals(Set.of("$integer"))) {
        return new BigInteger((String) map.get("$integer"));
      }
      if (map.keySet().equals(Set.of("$double"))) {
        return Double.valueOf((String) map.get("$double"));
      }
      Map<String, Object> fields = new LinkedHashMap<>();
      map.forEach((key, item) -> fields.put((String) key, plain(item)));
      return fields;
    }
    return json;
  }
}
