package dev.croco.execution.client;

/** The kind of store that a server keeps executions in. */
public enum StoreKind {
  MEMORY,
  STANDALONE,
  SENTINEL,
  CLUSTER,
  /** A kind that this version of the client does not know, or one without a name. */
  UNKNOWN;

  /** Convert that of the contract; one that is not known here is UNKNOWN. */
  public static StoreKind of(dev.croco.execution.v1.StoreKind wire) {
    return named(wire.name().replaceFirst("^STORE_KIND_", ""));
  }

  private static StoreKind named(String name) {
    for (StoreKind one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return UNKNOWN;
  }
}
