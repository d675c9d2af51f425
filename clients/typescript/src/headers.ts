/** The headers that a program sends with its calls, most of all those of its traces, and which it may not send. */

import type { Metadata } from "@grpc/grpc-js";

/** Of the client, of gRPC and of HTTP/2 (RFC 9113, 8.2.2), a few of which cost the connection; `-bin` are bytes. */
const TAKEN = new RegExp(
  "^(" +
    [
      "authorization",
      "grpc-.*",
      ".*-bin",
      "(accept|transfer)-encoding",
      "content-(length|type)",
      "(proxy-)?connection",
      "keep-alive",
      "upgrade",
      "http2-settings",
      "host",
      "te",
      "user-agent",
    ].join("|") +
    ")$",
);
const NAME = /^[0-9a-z_.-]+$/;
/** What arrives as it was: printable, and with no space at an end, which HTTP takes off. */
const TEXT = /^(?! )[ -~]*(?<! )$/;

/**
 * Put headers into the metadata of a call.
 *
 * gRPC would hold back some of what it cannot send in silence, or repeat for ever a call that it cannot begin.
 *
 * @param headers what the program's function answered, whatever that is
 * @throws TypeError if it is no object of names and texts
 * @throws RangeError if a name or a text cannot be sent
 */
export function addHeaders(metadata: Metadata, headers: unknown): void {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers || "then" in headers) {
    throw new TypeError("metadata has to answer an object of header names and texts, and at once.");
  }
  for (const [name, text] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    if (!NAME.test(lower) || TAKEN.test(lower)) throw new RangeError(`metadata may not set the header "${name}".`);
    if (typeof text !== "string") throw new TypeError(`metadata has to answer a text for the header "${name}".`);
    if (!TEXT.test(text)) {
      throw new RangeError(
        `metadata answers for the header "${name}" what is not printable ASCII, or has a space at an end.`,
      );
    }
    metadata.set(lower, text);
  }
}
