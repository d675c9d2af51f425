package dev.croco.execution.client;

/**
 * How to encrypt, all in PEM. What is null is as usual.
 *
 * @param rootCertificates whom to trust; null is whom Java trusts
 * @param certificateChain the client's own certificate, where the server asks for one
 * @param privateKey its key, in PKCS 8
 * @param serverName the name that the server's certificate must have; null is the target's host
 */
public record Tls(byte[] rootCertificates, byte[] certificateChain, byte[] privateKey, String serverName) {
  public Tls {
    if ((certificateChain == null) != (privateKey == null)) {
      throw new IllegalArgumentException("A certificate needs its key, and a key its certificate.");
    }
  }

  /** With the roots that Java trusts. */
  public static Tls usual() {
    return new Tls(null, null, null, null);
  }

  /** With these roots and no others. */
  public static Tls trusting(byte[] rootCertificates) {
    return new Tls(rootCertificates, null, null, null);
  }

  /** Show the server a certificate of the client's own. */
  public Tls withCertificate(byte[] certificateChain, byte[] privateKey) {
    return new Tls(rootCertificates, certificateChain, privateKey, serverName);
  }

  /** Ask for another name in the server's certificate than the target's host. */
  public Tls withServerName(String serverName) {
    return new Tls(rootCertificates, certificateChain, privateKey, serverName);
  }

  /** Without the key. */
  @Override
  public String toString() {
    return "Tls(" + (serverName == null ? "" : serverName) + ")";
  }
}
