package dev.croco.execution.client.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.Tls;
import dev.croco.execution.v1.ExecutionServiceGrpc;
import dev.croco.execution.v1.WatchExecutionRequest;
import io.grpc.Channel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChannelsTest {
  private static final ClientOptions WITH_TOKEN = ClientOptions.usual().withToken("secret");

  @ParameterizedTest
  @ValueSource(strings = {"localhost:1", "127.0.0.1:1", "dns:///127.9.9.9:1", "[::1]:1", "unix:/run/x"})
  void aTokenMayStayOnThisMachineInPlainText(String target) {
    assertTrue(Channels.isOnThisMachine(target));
    new Connection(target, WITH_TOKEN).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"example.com:1", "10.0.0.1:1", "localhost.example:1", "127.0.0.1.example.com", "dns:///x:1"})
  void aTokenIsNotSentInPlainTextElsewhere(String target) {
    assertFalse(Channels.isOnThisMachine(target));
    assertThrows(IllegalArgumentException.class, () -> new Connection(target, WITH_TOKEN));
    new Connection(target, WITH_TOKEN.withTls(Tls.usual())).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "http://localhost:1", "https://execution", "grpc://localhost:1"})
  void aTargetThatWouldBeLookedForInVainIsRefused(String target) {
    RuntimeException refused =
        assertThrows(IllegalArgumentException.class, () -> new Connection(target, ClientOptions.usual()));
    assertTrue(refused.getMessage().contains("host:port"), refused.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "s3cret\n", "s3cr\u00e9t"})
  void aTokenThatNoHeaderCanHoldIsRefused(String token) {
    ClientOptions options = ClientOptions.usual().withToken(token);
    RuntimeException refused =
        assertThrows(IllegalArgumentException.class, () -> new Connection("localhost:1", options));
    assertTrue(refused.getMessage().contains("printable ASCII"), refused.getMessage());
    assertFalse(refused.getMessage().contains("s3cr"));
  }

  @Test
  void neitherTokenNorKeyIsPrinted() {
    Tls tls = Tls.usual().withCertificate("certificate".getBytes(), "secret".getBytes());
    assertFalse(WITH_TOKEN.withTls(tls).toString().contains("secret"));
  }

  @Test
  void optionsOutsideTheirLimitsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> ClientOptions.usual().withDeadline(Duration.ZERO));
    assertThrows(IllegalArgumentException.class, () -> ClientOptions.usual().withWatchSilence(Duration.ofSeconds(-1)));
    assertThrows(IllegalArgumentException.class, () -> new Tls(null, new byte[0], null, null));
    ClientOptions mangled = ClientOptions.usual().withTls(Tls.trusting("no certificate".getBytes()));
    assertThrows(RuntimeException.class, () -> new Connection("x:1", mangled).shortCalls());
  }

  @Test
  void aHundredLongCallsShareAConnectionAndLeaveTheirPlaces() {
    Connection connection = new Connection("localhost:1", ClientOptions.usual());
    List<Connection.Place> places = new ArrayList<>();
    for (int call = 0; call < 101; call++) {
      places.add(connection.longCall());
    }
    Channel first = places.get(0).channel();
    assertEquals(100, places.stream().filter(place -> place.channel() == first).count());
    places.get(5).close();
    places.get(5).close();
    assertEquals(first, connection.longCall().channel());
    assertFalse(first == connection.longCall().channel());
    assertFalse(first == connection.shortCalls());
    connection.close();
  }

  @Test
  void aLongCallThatCannotBeginLeavesItsPlace() {
    ClientOptions wrong = ClientOptions.usual().withMetadata(() -> Map.of("te", "x"));
    Connection connection = new Connection("localhost:1", wrong);
    Channel first = connection.longCall().channel();
    for (int call = 0; call < 100; call++) {
      WatchExecutionRequest request = WatchExecutionRequest.getDefaultInstance();
      assertThrows(
          IllegalArgumentException.class,
          () -> MessageStream.open(connection, ExecutionServiceGrpc.getWatchExecutionMethod(), request));
    }
    assertEquals(first, connection.longCall().channel());
    connection.close();
  }
}
