/** How the client moves bytes. */

import type { Client, Metadata } from "@grpc/grpc-js";

import { onAbort, throwIfAborted, type Signals } from "./abort.js";
import { Unavailable } from "./problems.js";
import { problemOf } from "./rpc-errors.js";

/** A method, as the generated code describes it. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** What a call needs beside its request. */
export interface CallContext {
  readonly metadata: Metadata;
  /** What ends the call; their reason is thrown. */
  readonly signals: Signals;
}

/**
 * Answer a request in bytes: once for all repeats, and where an error can still be thrown for what it is.
 *
 * @throws TypeError if something in it is not of the type that the contract has
 */
export function serialize<Request>(method: Method<Request, unknown>, request: Request): Buffer {
  try {
    return method.requestSerialize(request);
  } catch (error) {
    throw new TypeError(`The request cannot be sent: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

/**
 * Make one call.
 *
 * @throws ServiceError if it was refused or has no answer. Whoever awaits it makes the problem of it: only there is the
 * stack that of the caller
 */
export function invoke<Response>(
  client: Client,
  method: Method<never, Response>,
  request: Buffer,
  context: CallContext & { readonly deadlineMs: number },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    throwIfAborted(context.signals);
    const deadline = Date.now() + context.deadlineMs;
    const call = client.makeUnaryRequest(
      method.path,
      asItIs,
      method.responseDeserialize,
      request,
      context.metadata,
      { deadline },
      (error, response) => {
        callOff();
        if (error === null) resolve(response as Response);
        else reject(error);
      },
    );
    const callOff = onAbort(context.signals, (reason) => {
      reject(reason);
      call.cancel();
    });
  });
}

/**
 * Make a call that is answered by a stream.
 *
 * @param context `silenceMs`: a stream that says nothing for this long is taken for lost
 * @throws Unavailable if nothing came for that long
 * @throws ExecutionProblem if the stream ended with an error
 */
export async function* stream<Response>(
  client: Client,
  method: Method<never, Response>,
  request: Buffer,
  context: CallContext & { readonly silenceMs: number },
): AsyncGenerator<Response, void, undefined> {
  throwIfAborted(context.signals);
  const call = client.makeServerStreamRequest(
    method.path,
    asItIs,
    method.responseDeserialize,
    request,
    context.metadata,
  );
  call.on("error", () => undefined); // Told below; without this it would end the process where nobody reads any more.
  let ended: { readonly reason: unknown } | undefined;
  const end = (reason: unknown) => {
    ended ??= { reason };
    call.cancel();
  };
  const callOff = onAbort(context.signals, end);
  const messages = call[Symbol.asyncIterator]() as AsyncIterator<Response>;
  const silent = new Unavailable(`Nothing came for ${context.silenceMs} ms.`, "UNAVAILABLE");
  try {
    for (;;) {
      const timer = setTimeout(end, context.silenceMs, silent);
      const next = await messages.next().finally(() => clearTimeout(timer));
      if (ended !== undefined) throw ended.reason;
      if (next.done) return;
      yield next.value;
    }
  } catch (error) {
    throw ended === undefined ? problemOf(error) : ended.reason;
  } finally {
    callOff();
    call.cancel();
  }
}

function asItIs(bytes: Buffer): Buffer {
  return bytes;
}
