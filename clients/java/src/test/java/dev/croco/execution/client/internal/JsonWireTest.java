package dev.croco.execution.client.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Value;
import dev.croco.execution.client.Json;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JsonWireTest {
  private static final long EXACT = 1L << 53;

  @Test
  void whatJsonHasComesBackAsItWas() {
    Map<String, Object> json = new HashMap<>();
    json.put("null", null);
    json.put("yes", true);
    json.put("text", "Grüße \0 🚀");
    json.put("big", EXACT);
    json.put("small", -EXACT);
    json.put("half", 0.5);
    json.put("huge", 1e300);
    json.put("list", Arrays.asList(1L, null, List.of(), Map.of()));
    json.put("", Map.of("deep", List.of(2L)));
    assertEquals(json, JsonWire.fromValue(JsonWire.toValue(json, "payload")));
  }

  @Test
  void otherTypesOfTheSameMeaningAreTaken() {
    List<Object> given = new ArrayList<>(List.of((byte) 1, (short) 2, 3, 4.0f, BigInteger.TEN, 6.0));
    given.add(new Object[] {"x"});
    given.add(Set.of("y"));
    given.add(Json.NULL);
    List<Object> back = new ArrayList<>(List.of(1L, 2L, 3L, 4L, 10L, 6L, List.of("x"), List.of("y")));
    back.add(null);
    assertEquals(back, JsonWire.fromValue(JsonWire.toValue(given, "payload")));
  }

  @Test
  void aValueWithoutAKindIsNull() {
    assertNull(JsonWire.fromValue(Value.getDefaultInstance()));
  }

  @Test
  void whatJsonCannotHoldIsRefusedWithItsPath() {
    assertRefused("payload.items[3]", Map.of("items", List.of(0, 1, 2, EXACT + 1)));
    assertRefused("payload[0].n", List.of(Map.of("n", BigInteger.TWO.pow(70))));
    assertRefused("payload.n", Map.of("n", -EXACT - 1));
    assertRefused("payload", Double.NaN);
    assertRefused("payload[0]", List.of(Float.POSITIVE_INFINITY));
    assertRefused("payload.at", Map.of("at", Instant.EPOCH));
    assertRefused("payload.price", Map.of("price", new BigDecimal("0.1")));
    assertRefused("payload", Map.of(1, 2));
    assertRefused("payload.text", Map.of("text", "\ud83d"));
    assertRefused("A key of payload", Map.of("\ude80", 1));
  }

  @Test
  void thirtyLevelsAreTakenAndOneMoreIsNot() {
    Object thirty = nested(30);
    assertEquals(thirty, JsonWire.fromValue(JsonWire.toValue(thirty, "payload")));
    assertRefused("payload" + "[0]".repeat(30), nested(31));
  }

  @Test
  void theValuesOfAMapAreNamedByTheirKeys() {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class,
            () -> JsonWire.toValues(Map.of("k", List.of(Double.NaN)), "checkpoints"));
    assertTrue(refused.getMessage().startsWith("checkpoints.k[0] "), refused.getMessage());
  }

  private static void assertRefused(String path, Object json) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> JsonWire.toValue(json, "payload"));
    assertTrue(refused.getMessage().startsWith(path + " "), refused.getMessage());
  }

  private static Object nested(int levels) {
    Object value = "x";
    for (int level = 0; level < levels; level++) {
      value = Collections.singletonList(value);
    }
    return value;
  }
}
