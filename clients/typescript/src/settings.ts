/** How a client connects: its target, its credentials, and the options of its channels. */

import { type ChannelCredentials, type ChannelOptions, credentials, Metadata } from "@grpc/grpc-js";

import { addHeaders } from "./headers.js";

const OPTIONS: ChannelOptions = {
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }], methodConfig: [] }),
  // Else every connect asks DNS for another service config.
  "grpc.service_config_disable_resolution": 1,
  "grpc.primary_user_agent": "execution-client-typescript",
  // A dead connection is noticed after 25 s.
  "grpc.keepalive_time_ms": 20_000,
  "grpc.keepalive_timeout_ms": 5_000,
  // The default waits for up to two minutes before it tries a server again.
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 5_000,
};

/** Targets that never leave this machine. Others may not either, but here it is better to know too few than too many. */
const THIS_MACHINE = new RegExp(
  "^(" +
    [
      "unix(-abstract)?:.+",
      "(dns:(///)?)?localhost(:\\d+)?",
      "(ipv4:|dns:(///)?)?127\\.\\d+\\.\\d+\\.\\d+(:\\d+)?",
      "(ipv6:|dns:(///)?)?\\[::1\\](:\\d+)?",
    ].join("|") +
    ")$",
);

/** What people write who take the target for a URL; gRPC would look for a host of that name. */
const NO_TARGET = /^($|(https?|grpcs?):\/\/)/;

/** What a header can hold; of anything else gRPC's error shows the token. */
const TOKEN = /^[ -~]+$/;

/** How to encrypt, all in PEM. */
export interface TlsOptions {
  /** Whom to trust; left out, the roots that Node.js brings along. */
  readonly rootCertificates?: string | Uint8Array;
  /** The client's own certificate, where the server asks for one. */
  readonly certificateChain?: string | Uint8Array;
  /** Its key. */
  readonly privateKey?: string | Uint8Array;
  /** The name that the server's certificate must have; left out, the target's host. */
  readonly serverName?: string;
}

/** What clients and workers have in common. */
export interface ConnectionOptions {
  /** How to encrypt; left out, plain text is sent. `{}` is TLS with the usual roots. */
  readonly tls?: TlsOptions;
  /** A bearer token to send with every call. Without `tls`, to this machine only. */
  readonly token?: string;
  /**
   * Answers headers to send, such as those of the trace that the caller is in: texts of printable ASCII by their names.
   * It is asked, in the caller's async context, before every try of a call and every stream of a watch or a worker. What
   * it throws the call throws, and a worker's `run`; a header that cannot be sent is an error too, as is one that is not
   * its own to set: "authorization", which is the token's, and those of gRPC and HTTP.
   */
  readonly metadata?: () => Readonly<Record<string, string>>;
}

/** What a client was told; the constructors of client and worker explain it. */
export class Settings {
  readonly target: string;
  readonly #tls: TlsOptions | undefined;
  readonly #token: string | undefined;
  readonly #headers: () => Readonly<Record<string, string>>;

  constructor(target: string, { tls, token, metadata = () => ({}) }: ConnectionOptions) {
    if (NO_TARGET.test(target)) {
      throw new RangeError(`The target is ${JSON.stringify(target)}; it has to be host:port, without a scheme.`);
    }
    if (token !== undefined && !TOKEN.test(token)) {
      throw new RangeError("The token is empty or has other characters than printable ASCII, such as a line break.");
    }
    if (token !== undefined && tls === undefined && !THIS_MACHINE.test(target)) {
      throw new RangeError(`A token would be readable on the way to ${target}: give tls too.`);
    }
    this.target = target;
    this.#tls = tls;
    this.#token = token;
    this.#headers = metadata;
  }

  credentials(): ChannelCredentials {
    if (this.#tls === undefined) return credentials.createInsecure();
    const { rootCertificates, privateKey, certificateChain } = this.#tls;
    return credentials.createSsl(toBuffer(rootCertificates), toBuffer(privateKey), toBuffer(certificateChain));
  }

  /**
   * Answer what to send with one try of a call, or one stream.
   *
   * @param waitForReady whether a call waits, up to its deadline, for a server that is not there
   * @throws Error what the program's function throws, or why what it answers cannot be sent
   */
  metadata({ waitForReady }: { waitForReady: boolean }): Metadata {
    const metadata = new Metadata({ waitForReady });
    addHeaders(metadata, this.#headers());
    if (this.#token !== undefined) metadata.set("authorization", `Bearer ${this.#token}`);
    return metadata;
  }

  /**
   * Answer the options of a channel.
   *
   * @param ownConnection whether it shares its connections with no other channel of this process, as channels with the
   * same target and options do otherwise
   */
  options({ ownConnection }: { ownConnection: boolean }): ChannelOptions {
    const options = { ...OPTIONS };
    if (ownConnection) options["grpc.use_local_subchannel_pool"] = 1;
    if (this.#tls?.serverName !== undefined) options["grpc.ssl_target_name_override"] = this.#tls.serverName;
    // A proxy, which gRPC takes from the environment, would be another machine.
    if (THIS_MACHINE.test(this.target)) options["grpc.enable_http_proxy"] = 0;
    return options;
  }
}

/** What a timer can count to: 24 days. A longer one would go off at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Answer `milliseconds` if it is a length of time that can be waited for, else throw a RangeError that names it. */
export function checkTime(milliseconds: number, name: string, least = Number.MIN_VALUE): number {
  if (milliseconds >= least && milliseconds <= LONGEST_TIMER_MS) return milliseconds;
  const bound = least === 0 ? "not negative" : "longer than 0";
  throw new RangeError(`${name} is ${milliseconds}; it has to be a number of milliseconds, ${bound}, up to 24 days.`);
}

function toBuffer(pem: string | Uint8Array | undefined): Buffer | null {
  return pem === undefined ? null : Buffer.from(pem);
}
