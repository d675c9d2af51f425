package dev.croco.execution.client;

/** What a change survives once it is acknowledged. */
public enum DurabilityClass {
  /** The last changes may be lost with the store's process, machine or primary. */
  RELAXED,
  /** It is on the disk of the store's primary. */
  LOCAL,
  /** And the replicas that may take over have it. */
  REPLICATED,
  /** The server does not know, or this version of the client does not. */
  UNKNOWN;

  /** Convert that of the contract; one that is not known here is UNKNOWN. */
  public static DurabilityClass of(dev.croco.execution.v1.DurabilityClass wire) {
    return named(wire.name().replaceFirst("^DURABILITY_CLASS_", ""));
  }

  private static DurabilityClass named(String name) {
    for (DurabilityClass one : values()) {
      if (one.name().equals(name)) {
        return one;
      }
    }
    return UNKNOWN;
  }
}
