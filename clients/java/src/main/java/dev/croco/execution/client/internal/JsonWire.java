package dev.croco.execution.client.internal;

import com.google.protobuf.ListValue;
import com.google.protobuf.NullValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import dev.croco.execution.client.Json;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * JSON values between Java and {@code google.protobuf.Value}; {@link Json} says which Java values they are.
 *
 * <p>A Value holds every number as a double. So that what was sent comes back as it was, an integral double of up to
 * 2^53 is a Long in Java, and an integer beyond that is refused instead of being rounded without a word.
 */
public final class JsonWire {
  private static final long EXACT = 1L << 53;

  /**
   * More levels of lists and maps than the contract allows cannot be parsed: protobuf stops at 100 nested messages, and
   * a level takes three.
   */
  private static final int LEVELS = 30;

  private JsonWire() {}

  /** Convert a value; {@code path} is what to call it in an error, as in {@code payload}. */
  public static Value toValue(Object json, String path) {
    return value(json, path, LEVELS);
  }

  /** Convert a map. */
  public static Struct toStruct(Map<String, ?> json, String path) {
    return value(json, path, LEVELS).getStructValue();
  }

  /** Convert the values of a map, each for itself. */
  public static Map<String, Value> toValues(Map<String, ?> json, String path) {
    Map<String, Value> values = new LinkedHashMap<>();
    json.forEach((key, item) -> values.put(key(key, path), toValue(item, path + "." + key)));
    return values;
  }

  /** Convert to what Java has for it. A Value without a kind is null. */
  public static Object fromValue(Value value) {
    return switch (value.getKindCase()) {
      case STRING_VALUE -> value.getStringValue();
      case NUMBER_VALUE -> fromNumber(value.getNumberValue());
      case BOOL_VALUE -> value.getBoolValue();
      case STRUCT_VALUE -> fromValues(value.getStructValue().getFieldsMap());
      case LIST_VALUE -> fromList(value.getListValue());
      case NULL_VALUE, KIND_NOT_SET -> null;
    };
  }

  /** Convert the values of a map. */
  public static Map<String, Object> fromValues(Map<String, Value> values) {
    Map<String, Object> json = new LinkedHashMap<>();
    values.forEach((key, item) -> json.put(key, fromValue(item)));
    return Collections.unmodifiableMap(json);
  }

  private static List<Object> fromList(ListValue list) {
    List<Object> json = list.getValuesList().stream().map(JsonWire::fromValue).collect(Collectors.toList());
    return Collections.unmodifiableList(json); // List.copyOf would refuse null.
  }

  private static Object fromNumber(double number) {
    if (number == Math.rint(number) && Math.abs(number) <= EXACT) {
      return (long) number;
    }
    return number;
  }

  private static Value value(Object json, String path, int levels) {
    Value.Builder value = Value.newBuilder();
    if (json == null || json == Json.NULL) {
      value.setNullValue(NullValue.NULL_VALUE);
    } else if (json instanceof Boolean bool) {
      value.setBoolValue(bool);
    } else if (json instanceof Number number) {
      value.setNumberValue(number(number, path));
    } else if (json instanceof String text) {
      value.setStringValue(text(text, path));
    } else if (json instanceof Collection<?> list) {
      value.setListValue(list(list, path, below(levels, list.isEmpty(), path)));
    } else if (json instanceof Object[] array) {
      return value(Arrays.asList(array), path, levels);
    } else if (json instanceof Map<?, ?> map) {
      value.setStructValue(struct(map, path, below(levels, map.isEmpty(), path)));
    } else {
      throw refused(path, "is of the type " + json.getClass().getName() + ", which JSON does not have.");
    }
    return value.build();
  }

  private static ListValue list(Collection<?> list, String path, int levels) {
    ListValue.Builder values = ListValue.newBuilder();
    for (Object item : list) {
      values.addValues(value(item, path + "[" + values.getValuesCount() + "]", levels));
    }
    return values.build();
  }

  private static Struct struct(Map<?, ?> map, String path, int levels) {
    Struct.Builder struct = Struct.newBuilder();
    map.forEach((key, item) -> struct.putFields(key(key, path), value(item, path + "." + key, levels)));
    return struct.build();
  }

  private static double number(Number number, String path) {
    if (number instanceof Float || number instanceof Double) {
      if (!Double.isFinite(number.doubleValue())) {
        throw refused(path, "is " + number + ", which JSON does not have.");
      }
    } else if (number instanceof Byte
        || number instanceof Short
        || number instanceof Integer
        || number instanceof Long
        || number instanceof BigInteger) {
      BigInteger integer = new BigInteger(number.toString());
      if (integer.abs().compareTo(BigInteger.valueOf(EXACT)) > 0) {
        throw refused(path, "is an integer beyond 2**53, which JSON numbers cannot hold exactly.");
      }
    } else {
      throw refused(path, "is of the type " + number.getClass().getName() + ", which JSON does not have.");
    }
    return number.doubleValue();
  }

  private static String text(String text, String path) {
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw refused(path, "holds half of a surrogate pair, which is not Unicode text.");
    }
    return text;
  }

  private static String key(Object key, String path) {
    if (key instanceof String text) {
      return text(text, "A key of " + path);
    }
    throw refused(path, "has the key " + key + "; JSON has only texts as keys.");
  }

  private static int below(int levels, boolean empty, String path) {
    if (levels == 0 && !empty) {
      throw refused(path, "is nested deeper than " + LEVELS + " levels.");
    }
    return levels - 1;
  }

  private static IllegalArgumentException refused(String path, String why) {
    return new IllegalArgumentException(path + " " + why);
  }
}
