/** The service as a worker sees it, as far as a test plays it. */

import type { TestContext } from "node:test";

import { type Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";

import { type Task, Worker, type WorkerOptions } from "@croco/execution-client";
import type { ErrorReason } from "#dist/gen/croco/execution/v1/error_reason.js";
import type { Execution } from "#dist/gen/croco/execution/v1/execution.js";
import {
  type WorkHello,
  type WorkReport,
  type WorkRequest,
  WorkDirective,
  WorkResponse,
} from "#dist/gen/croco/execution/v1/worker_service.js";

import { refusal, serve, until } from "./scripted.js";

type Call = ServerDuplexStream<WorkRequest, WorkResponse>;
/** What becomes of a report: it is taken, not answered, or refused for a reason. */
type Answer = "taken" | "unanswered" | ErrorReason;

/** One stream of a worker. */
export class WorkStream {
  hello: WorkHello | undefined;
  readonly reports: WorkReport[] = [];
  readonly headers: Metadata;
  readonly #call: Call;

  constructor(call: Call, answer: (report: WorkReport) => Answer) {
    this.headers = call.metadata;
    this.#call = call;
    call.on("data", ({ hello, reports }: WorkRequest) => {
      this.hello ??= hello;
      this.reports.push(...reports);
      for (const report of reports) this.#acknowledge(report.sequence, answer(report));
    });
    call.on("end", () => call.end());
    call.on("error", () => undefined);
  }

  /** Give the worker an execution. */
  assign(execution: Partial<Execution> = {}): void {
    const assignment = { id: "1", type: "work", attempts: 1, ...execution };
    this.#call.write(WorkResponse.fromPartial({ assignments: [assignment] }));
  }

  /** Tell the worker what to do about it. */
  direct(directive: Partial<WorkDirective>): void {
    const directives = [WorkDirective.fromPartial({ id: "1", attempt: 1, ...directive })];
    this.#call.write(WorkResponse.fromPartial({ directives }));
  }

  /** Break the stream. */
  fail(code: status = status.UNAVAILABLE): void {
    this.#call.emit("error", refusal(code, "The stream ends."));
  }

  #acknowledge(sequence: number, answer: Answer): void {
    if (answer === "unanswered") return;
    const refused = answer === "taken" ? undefined : { reason: answer, message: "It is refused." };
    const acknowledgement = { sequence, revision: refused ? 0 : 2, refusal: refused };
    this.#call.write(WorkResponse.fromPartial({ acknowledgements: [acknowledgement] }));
  }
}

/** A worker that runs, and what it says to the service. */
export interface Played {
  readonly streams: readonly WorkStream[];
  /** Every report, repeats included. */
  reports(): WorkReport[];
  /** Wait for the stream with this number, from 0, to say hello. */
  stream(number: number): Promise<WorkStream>;
  readonly worker: Worker;
  /** Fulfilled when the worker has ended. */
  readonly ran: Promise<void>;
}

/** Run a worker with one task until the test ends. */
export async function play(
  t: TestContext,
  task: Task,
  options: WorkerOptions & { readonly answer?: (report: WorkReport) => Answer } = {},
): Promise<Played> {
  const { answer = () => "taken", ...rest } = options;
  const streams: WorkStream[] = [];
  const target = await serve(t, { work: (call: Call) => void streams.push(new WorkStream(call, answer)) });
  const worker = new Worker(target, { workerId: "me", log: () => undefined, ...rest });
  worker.task("work", task);
  const ran = worker.run();
  ran.catch(() => undefined); // A test that expects it awaits it.
  t.after(() => {
    worker.stop();
    worker.stop();
    return ran.catch(() => undefined);
  });
  return {
    streams,
    reports: () => streams.flatMap(({ reports }) => reports),
    stream: async (number) => {
      await until(() => streams[number]?.hello !== undefined, `stream ${number} says hello`);
      return streams[number] as WorkStream;
    },
    worker,
    ran,
  };
}
