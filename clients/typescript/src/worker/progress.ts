/**
 * The newest progress of a job, on its way to the service.
 *
 * A task may say as often as it likes how far it is. What it says replaces what it said before. It is sent when the one
 * before is acknowledged, and not more often than the worker is set to; what is left in the end leaves with the report of
 * the end.
 */

import type { ProgressReport } from "../model.js";
import type { Answered } from "./outbox.js";

const MESSAGE_BYTES = 4096;

/** Sends a progress and calls back when it is acknowledged. */
type Send = (progress: ProgressReport, answered: Answered) => void;

/** Holds the newest progress of one job. */
export class ConflatedProgress {
  readonly #intervalMs: number;
  readonly #send: Send;
  #newest: ProgressReport | undefined;
  /** From when one is to be sent until it is acknowledged. */
  #underWay = false;
  #notBefore = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param intervalMs the least time between two that are sent */
  constructor(intervalMs: number, send: Send) {
    this.#intervalMs = intervalMs;
    this.#send = send;
  }

  /**
   * Take what the task says.
   *
   * @throws RangeError if the service would refuse it
   */
  put(progress: ProgressReport): void {
    check(progress);
    this.#newest = { ...progress };
    if (!this.#underWay) this.#sendInTime();
  }

  /** Answer what was not sent yet, and take it as sent. */
  take(): ProgressReport | undefined {
    const newest = this.#newest;
    this.#newest = undefined;
    clearTimeout(this.#timer);
    return newest;
  }

  #sendInTime(): void {
    this.#underWay = true;
    this.#timer = setTimeout(() => this.#sendNewest(), Math.max(0, this.#notBefore - performance.now()));
  }

  #sendNewest(): void {
    const newest = this.take();
    if (newest === undefined) {
      this.#underWay = false;
      return;
    }
    this.#notBefore = performance.now() + this.#intervalMs;
    this.#send(newest, (problem) => this.#acknowledged(problem === undefined));
  }

  #acknowledged(taken: boolean): void {
    this.#underWay = false;
    if (this.#newest !== undefined && taken) this.#sendInTime();
  }
}

function check({ current, total = 0, message = "", percent = 0 }: ProgressReport): void {
  for (const [name, number] of Object.entries({ current, total })) {
    if (!Number.isFinite(number) || number < 0) {
      throw new RangeError(`${name} is ${number}; it has to be finite and at least 0.`);
    }
  }
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`percent is ${percent}; it has to be 0 to 100.`);
  if (Buffer.byteLength(message) > MESSAGE_BYTES) {
    throw new RangeError(`message is longer than ${MESSAGE_BYTES} bytes.`);
  }
}
