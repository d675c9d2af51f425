/** One `Work` call, from hello to its end. */

import type { Client, ClientDuplexStream, Metadata } from "@grpc/grpc-js";

import {
  type WorkHello,
  type WorkRequest,
  type WorkResponse,
  WorkerServiceService as service,
} from "../gen/croco/execution/v1/worker_service.js";
import { type ExecutionProblem, Unavailable } from "../problems.js";
import { problemOf } from "../rpc-errors.js";
import type { Outbox } from "./outbox.js";

/** Says what is in the outbox and hands on what it is told. What gathers while a message is written is the next. */
export class Stream {
  readonly #call: ClientDuplexStream<WorkRequest, WorkResponse>;
  readonly #outbox: Outbox;
  readonly #take: (response: WorkResponse) => void;
  #writing = false;
  #finishing = false;
  #ended = false;
  #givenUp: ExecutionProblem | undefined;

  /** @param take is called with every response */
  constructor(client: Client, metadata: Metadata, outbox: Outbox, take: (response: WorkResponse) => void) {
    const { path, requestSerialize, responseDeserialize } = service.work;
    this.#call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata);
    this.#call.on("error", () => undefined); // Reading tells.
    this.#outbox = outbox;
    this.#take = take;
  }

  /**
   * Return when the stream has ended as `finish` asks for.
   *
   * @throws ExecutionProblem if it has ended in another way
   */
  async run(hello: WorkHello): Promise<void> {
    this.#write({ hello, reports: [] });
    this.#outbox.onFilled = () => this.#writeNext();
    try {
      for await (const response of this.#call) this.#take(response as WorkResponse);
    } catch (error) {
      throw this.#givenUp ?? problemOf(error);
    } finally {
      this.#ended = true;
      this.#outbox.onFilled = () => undefined;
      this.#call.cancel();
    }
    if (!this.#finishing) throw this.#givenUp ?? new Unavailable("The server has ended the stream.", "UNAVAILABLE");
  }

  /** Say what there is to say and then no more: the server gives nothing new, answers and ends the stream. */
  finish(): void {
    this.#finishing = true;
    this.#writeNext();
  }

  /** End the stream at once. */
  giveUp(why: string): void {
    this.#givenUp = new Unavailable(why, "UNAVAILABLE");
    this.#call.cancel();
  }

  #writeNext(): void {
    if (this.#writing || this.#ended) return;
    const request = this.#outbox.take();
    if (request !== undefined) this.#write(request);
    else if (this.#finishing) {
      this.#ended = true;
      this.#call.end();
    }
  }

  #write(request: WorkRequest): void {
    this.#writing = true;
    this.#call.write(request, () => {
      this.#writing = false;
      this.#writeNext();
    });
  }
}
