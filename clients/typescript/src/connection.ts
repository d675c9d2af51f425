/**
 * The channels of one client: one for short calls, others for long ones.
 *
 * A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in silence.
 * Long calls (watches, waits, claims) would thus stop the short ones, so they have connections of their own, and as many
 * as they need.
 */

import { setMaxListeners } from "node:events";

import { Client } from "@grpc/grpc-js";

import { ClientClosed } from "./problems.js";
import type { Settings } from "./settings.js";

/** How many long calls share a connection. Servers that limit streams per connection allow at least 100 (RFC 9113). */
const PLACES = 100;

/** A channel, and how many long calls it carries. */
interface Line {
  readonly client: Client;
  calls: number;
}

/** Opens channels when they are needed. */
export class Connection {
  readonly #settings: Settings;
  readonly #closing = new AbortController();
  readonly #long: Line[] = [];
  #short: Client | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    setMaxListeners(0, this.#closing.signal); // One for each call that is under way.
  }

  /** Aborted, with ClientClosed, when the client is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The channel for short calls. */
  get short(): Client {
    return (this.#short ??= this.#open(false));
  }

  /** Lend a channel for one long call, until `giveBack` is called. */
  takePlace(): { readonly client: Client; readonly giveBack: () => void } {
    let line = this.#long.find(({ calls }) => calls < PLACES);
    if (line === undefined) {
      line = { client: this.#open(true), calls: 0 };
      this.#long.push(line);
    }
    const taken = line;
    taken.calls += 1;
    return { client: taken.client, giveBack: () => void (taken.calls -= 1) };
  }

  /** End all calls and close the channels. May be called twice. */
  close(): void {
    this.#closing.abort(new ClientClosed());
    this.#short?.close();
    for (const { client } of this.#long) client.close();
  }

  #open(ownConnection: boolean): Client {
    this.closing.throwIfAborted();
    const settings = this.#settings;
    return new Client(settings.target, settings.credentials(), settings.options({ ownConnection }));
  }
}
