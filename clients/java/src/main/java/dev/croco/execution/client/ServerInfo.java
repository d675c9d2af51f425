package dev.croco.execution.client;

import dev.croco.execution.v1.GetServerInfoResponse;

/** What a server is and takes. */
public final class ServerInfo extends Noun<GetServerInfoResponse> {
  ServerInfo(GetServerInfoResponse message) {
    super(message);
  }

  public String version() {
    return wire.getVersion();
  }

  public StoreKind storeKind() {
    return StoreKind.of(wire.getStoreKind());
  }

  public DurabilityClass durability() {
    return DurabilityClass.of(wire.getDurability());
  }

  public int partitions() {
    return wire.getPartitions();
  }

  public ServerLimits limits() {
    return new ServerLimits(wire.getLimits());
  }
}
