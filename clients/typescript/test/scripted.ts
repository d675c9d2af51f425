/** A server that answers as a test says, and what tests wait with. */

import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type StatusObject,
  type status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";

import { ExecutionServiceService } from "#dist/gen/croco/execution/v1/execution_service.js";
import { WorkerServiceService } from "#dist/gen/croco/execution/v1/worker_service.js";

/** Start a server on a free port, until the test ends; answer where it is. */
export async function serve(
  test: TestContext,
  implementation: UntypedServiceImplementation,
  credentials = ServerCredentials.createInsecure(),
): Promise<string> {
  const server = new Server();
  for (const service of [ExecutionServiceService, WorkerServiceService] as ServiceDefinition[]) {
    server.addService(service, only(service, implementation));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  test.after(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

function only(service: ServiceDefinition, implementation: UntypedServiceImplementation): UntypedServiceImplementation {
  return Object.fromEntries(Object.entries(implementation).filter(([name]) => name in service));
}

/** What an error carries beside code and message. */
export interface Details {
  readonly reason?: string;
  readonly domain?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly fields?: readonly string[];
  readonly retrySeconds?: number;
}

/** Make an error as the service does, with google.rpc details in its trailer. */
export function refusal(code: status, message: string, details: Details = {}): Partial<StatusObject> & Error {
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(statusOf(code, message, details)));
  return Object.assign(new Error(message), { code, details: message, metadata });
}

/** Write a google.rpc.Status. */
export function statusOf(code: number, message: string, details: Details): Uint8Array {
  const { reason = "", domain = "execution.croco.dev", metadata = {}, fields = [], retrySeconds } = details;
  const info = new BinaryWriter().uint32(10).string(reason).uint32(18).string(domain);
  for (const [key, value] of Object.entries(metadata)) {
    info.uint32(26).fork().uint32(10).string(key).uint32(18).string(value).join();
  }
  const request = new BinaryWriter();
  for (const field of fields) request.uint32(10).fork().uint32(10).string(field).uint32(18).string("is wrong.").join();
  const written = new BinaryWriter().uint32(8).int32(code).uint32(18).string(message);
  writeAny(written, "google.rpc.ErrorInfo", info);
  writeAny(written, "google.rpc.BadRequest", request);
  if (retrySeconds !== undefined) {
    const retry = new BinaryWriter().uint32(10).fork().uint32(8).int64(retrySeconds).join();
    writeAny(written, "google.rpc.RetryInfo", retry);
  }
  return written.finish();
}

function writeAny(writer: BinaryWriter, type: string, value: BinaryWriter): void {
  writer.uint32(26).fork().uint32(10).string(`type.googleapis.com/${type}`).uint32(18).bytes(value.finish()).join();
}

/** Wait until something holds. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tried = 0; tried < 3_000; tried++) {
    if (holds()) return;
    await sleep(10);
  }
  assert.fail(`It never came true that ${what}.`);
}
