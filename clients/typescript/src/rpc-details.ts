/**
 * Reads google.rpc.Status, as it comes in the trailer grpc-status-details-bin, with the three details that the contract
 * uses. By hand: generated code of google/rpc would be ten times as long, and half of it for messages nobody sends.
 */

import { BinaryReader } from "@bufbuild/protobuf/wire";

import { toMilliseconds } from "./from-wire.js";
import { Duration } from "./gen/google/protobuf/duration.js";
import type { FieldViolation, ProblemDetails } from "./problems.js";

/** Whose reasons these are. What others say (a proxy) has none that is known here. */
export const DOMAIN = "execution.croco.dev";

/** Answer what the trailer says; nothing if there is none, or something on the way has mangled it. */
export function readDetails(trailer: Uint8Array | string | undefined): ProblemDetails {
  if (trailer === undefined || typeof trailer === "string") return {};
  try {
    return readStatus(trailer);
  } catch {
    return {};
  }
}

function readStatus(bytes: Uint8Array): ProblemDetails {
  const details = { metadata: {}, fieldViolations: [] as FieldViolation[] };
  eachField(bytes, { 3: (reader) => Object.assign(details, readDetail(reader.bytes())) });
  return details;
}

function readDetail(bytes: Uint8Array): ProblemDetails {
  let type = "";
  let value: Uint8Array = new Uint8Array();
  eachField(bytes, {
    1: (reader) => (type = reader.string()),
    2: (reader) => (value = reader.bytes()),
  });
  switch (type.slice(type.lastIndexOf("/") + 1)) {
    case "google.rpc.ErrorInfo":
      return readErrorInfo(value);
    case "google.rpc.BadRequest":
      return { fieldViolations: readBadRequest(value) };
    case "google.rpc.RetryInfo":
      return { retryDelayMs: readRetryInfo(value) };
    default:
      return {};
  }
}

function readErrorInfo(bytes: Uint8Array): ProblemDetails {
  let reason = "";
  let domain = "";
  const metadata: [string, string][] = [];
  eachField(bytes, {
    1: (reader) => (reason = reader.string()),
    2: (reader) => (domain = reader.string()),
    3: (reader) => metadata.push(readPair(reader.bytes())),
  });
  return { reason: domain === DOMAIN ? reason : "", metadata: Object.fromEntries(metadata) };
}

function readBadRequest(bytes: Uint8Array): FieldViolation[] {
  const violations: FieldViolation[] = [];
  eachField(bytes, {
    1: (reader) => {
      const [field, description] = readPair(reader.bytes());
      violations.push({ field, description });
    },
  });
  return violations;
}

function readRetryInfo(bytes: Uint8Array): number | undefined {
  let delay: Duration | undefined;
  eachField(bytes, { 1: (reader) => (delay = Duration.decode(reader, reader.uint32())) });
  return toMilliseconds(delay);
}

/** Read a message of two texts: an entry of a map, or a violation. */
function readPair(bytes: Uint8Array): [string, string] {
  const pair: [string, string] = ["", ""];
  eachField(bytes, {
    1: (reader) => (pair[0] = reader.string()),
    2: (reader) => (pair[1] = reader.string()),
  });
  return pair;
}

function eachField(bytes: Uint8Array, fields: Readonly<Record<number, (reader: BinaryReader) => unknown>>): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const read = fields[number];
    if (read === undefined) reader.skip(type, number);
    else read(reader);
  }
}
