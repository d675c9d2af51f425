package dev.croco.execution.client.internal;

import dev.croco.execution.client.ClientOptions;
import dev.croco.execution.client.Tls;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientCall;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Opens channels as a client was told to. Each has connections of its own. */
final class Channels {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /**
   * Targets that never leave this machine. Others may not either, but here it is better to know too few than too many.
   */
  private static final Pattern THIS_MACHINE =
      Pattern.compile("unix:.+|(dns:(///)?)?(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1])(:\\d+)?");

  /** What people write who take the target for a URL; gRPC would look for a host of that name. */
  private static final Pattern NO_TARGET = Pattern.compile("|(https?|grpcs?)://.*");

  /** What the client, gRPC and HTTP say themselves, and names whose values are no text. */
  private static final Pattern TAKEN =
      Pattern.compile(
          "authorization|connection|content-length|content-type|host|keep-alive|proxy-connection|te"
              + "|transfer-encoding|upgrade|user-agent|grpc-.*|.*-bin",
          Pattern.CASE_INSENSITIVE);

  private static final Pattern TEXT = Pattern.compile("[ -~]*");

  private final String target;
  private final ClientOptions options;
  private final ChannelCredentials credentials;

  Channels(String target, ClientOptions options) {
    if (NO_TARGET.matcher(target).matches()) {
      throw new IllegalArgumentException("The target is \"" + target + "\"; it has to be host:port, without a scheme.");
    }
    if (options.token() != null && (options.token().isEmpty() || !TEXT.matcher(options.token()).matches())) {
      throw new IllegalArgumentException(
          "The token is empty or has other characters than printable ASCII, such as a line break.");
    }
    if (options.token() != null && options.tls() == null && !isOnThisMachine(target)) {
      throw new IllegalArgumentException("A token would be readable on the way to " + target + ": give TLS too.");
    }
    this.target = target;
    this.options = options;
    this.credentials = credentials(options.tls());
  }

  static boolean isOnThisMachine(String target) {
    return THIS_MACHINE.matcher(target).matches();
  }

  /** Make a channel. It connects with its first call. */
  ManagedChannel open() {
    ManagedChannelBuilder<?> builder =
        Grpc.newChannelBuilder(target, credentials)
            .defaultLoadBalancingPolicy("round_robin")
            .userAgent("execution-client-java")
            // A dead connection is noticed after 25 s.
            .keepAliveTime(20, TimeUnit.SECONDS)
            .keepAliveTimeout(5, TimeUnit.SECONDS);
    if (options.tls() != null && options.tls().serverName() != null) {
      builder.overrideAuthority(options.tls().serverName());
    }
    if (options.token() != null) {
      Metadata headers = new Metadata();
      headers.put(AUTHORIZATION, "Bearer " + options.token());
      builder.intercept(MetadataUtils.newAttachHeadersInterceptor(headers));
    }
    if (options.metadata() != null) {
      builder.intercept(this::withMetadata);
    }
    if (isOnThisMachine(target)) {
      // A proxy, which gRPC takes from the environment, would be another machine.
      builder.proxyDetector(address -> null);
    }
    ManagedChannel channel = builder.build();
    new Reconnection(channel).hasten();
    return channel;
  }

  private <Q, A> ClientCall<Q, A> withMetadata(MethodDescriptor<Q, A> method, CallOptions how, Channel next) {
    Metadata headers = new Metadata();
    options.metadata().get().forEach((name, value) -> headers.put(checked(name, value), value));
    return MetadataUtils.newAttachHeadersInterceptor(headers).interceptCall(method, how, next);
  }

  private static Metadata.Key<String> checked(String name, String value) {
    if (name == null || value == null || TAKEN.matcher(name).matches() || !TEXT.matcher(value).matches()) {
      throw new IllegalArgumentException(
          "metadata: \"" + name + "\" is no header that can be sent, with printable ASCII, beside the client's.");
    }
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static ChannelCredentials credentials(Tls tls) {
    if (tls == null) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
    try {
      if (tls.rootCertificates() != null) {
        credentials.trustManager(new ByteArrayInputStream(tls.rootCertificates()));
      }
      if (tls.certificateChain() != null) {
        credentials.keyManager(
            new ByteArrayInputStream(tls.certificateChain()), new ByteArrayInputStream(tls.privateKey()));
      }
    } catch (IOException error) {
      throw new IllegalArgumentException("The certificates cannot be read.", error);
    }
    return credentials.build();
  }
}
