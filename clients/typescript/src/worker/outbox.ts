/**
 * What the worker has reported and nobody has acknowledged yet.
 *
 * A report is sent in order, and again after a broken stream, until it is acknowledged. By its `request_id` the service
 * knows a repeat, so neither a lost report nor a lost acknowledgement changes what happens: each has its effect once.
 */

import { randomUUID } from "node:crypto";

import { WorkReport, type WorkAcknowledgement, type WorkRequest } from "../gen/croco/execution/v1/worker_service.js";
import type { ExecutionProblem } from "../problems.js";
import { mayPass, problemOfReport } from "./refusals.js";

const REPORTS_PER_MESSAGE = 1_000;
/** The service takes messages of 4 MiB. One report is never near that: what is in it has limits of its own. */
export const BYTES_PER_MESSAGE = 3 * 1024 * 1024;
/** How long to wait before a report is repeated that was refused for something that passes. */
const PAUSE_MS = 500;

/** What is in a report, which gets its sequence and its request id here. */
export type ReportContent = Pick<WorkReport, "id" | "attempt"> & Partial<Omit<WorkReport, "sequence" | "requestId">>;

/** Is called once, with nothing when the report was taken and else with why it was not. */
export type Answered = (problem?: ExecutionProblem) => void;

interface Entry {
  readonly report: WorkReport;
  readonly size: number;
  readonly answered: Answered;
  readonly repeat: boolean;
}

/** Holds the reports of one worker. */
export class Outbox {
  /** Is called when `take` has something to answer. */
  onFilled: () => void = () => undefined;
  readonly #name = randomUUID();
  /** In the order in which they were added. */
  readonly #entries = new Map<number, Entry>();
  readonly #repeats = new Set<NodeJS.Timeout>();
  #toSend: number[] = [];
  #last = 0;

  /** How many reports wait for their acknowledgement. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Have a report sent.
   *
   * @param options `repeat`: whether to send it again after a broken stream; else it is forgotten without an answer
   * @throws RangeError if it is larger than the service takes
   */
  add(content: ReportContent, answered: Answered, { repeat = true } = {}): void {
    const sequence = this.#last + 1;
    const requestId = `${this.#name}-${sequence}`;
    const bytes = WorkReport.encode({ checkpoints: new Map(), ...content, sequence, requestId }).finish();
    const size = bytes.length;
    if (size > BYTES_PER_MESSAGE) {
      throw new RangeError(`The report has ${size} bytes; the limit is ${BYTES_PER_MESSAGE}.`);
    }
    this.#last = sequence;
    const report = WorkReport.decode(bytes); // The values in `content` are the task's, which may change them.
    this.#entries.set(sequence, { report, size, answered, repeat });
    this.#toSend.push(sequence);
    this.onFilled();
  }

  /** Answer a message of all that has gathered, as far as one message holds it; undefined if there is nothing. */
  take(): WorkRequest | undefined {
    const reports: WorkReport[] = [];
    let taken = 0;
    let size = 0;
    for (const sequence of this.#toSend) {
      const entry = this.#entries.get(sequence);
      size += entry?.size ?? 0;
      if (reports.length === REPORTS_PER_MESSAGE || (reports.length > 0 && size > BYTES_PER_MESSAGE)) break;
      if (entry !== undefined) reports.push(entry.report);
      taken += 1;
    }
    this.#toSend.splice(0, taken);
    return reports.length > 0 ? { hello: undefined, reports } : undefined;
  }

  /** The stream broke: whatever is not acknowledged has to be sent on the next one. */
  sendAgain(): void {
    for (const [sequence, { repeat }] of this.#entries) if (!repeat) this.#entries.delete(sequence);
    this.#toSend = [...this.#entries.keys()];
  }

  /** Tell whoever made the report, or repeat it if it was refused for something that passes. */
  takeAcknowledgement({ sequence, refusal }: WorkAcknowledgement): void {
    const entry = this.#entries.get(sequence);
    if (entry === undefined) return; // It was sent twice, and this is the second answer.
    const problem = refusal && problemOfReport(refusal);
    if (problem !== undefined && entry.repeat && mayPass(problem)) {
      this.#repeatLater(sequence);
      return;
    }
    this.#entries.delete(sequence);
    entry.answered(problem);
  }

  /** Forget everything. */
  close(): void {
    for (const timer of this.#repeats) clearTimeout(timer);
    this.#entries.clear();
    this.#toSend = [];
  }

  #repeatLater(sequence: number): void {
    const timer = setTimeout(() => {
      this.#repeats.delete(timer);
      if (!this.#entries.has(sequence) || this.#toSend.includes(sequence)) return;
      this.#toSend.push(sequence);
      this.onFilled();
    }, PAUSE_MS);
    this.#repeats.add(timer);
  }
}
