/**
 * Whether the worker still holds its leases, judged by what it hears.
 *
 * While the stream is open the service lets each lease begin anew every third of its duration. So when the worker last
 * heard of the service two thirds of every lease were left: after those it cannot know, and must not run on. That a stream
 * looks open says nothing, for a connection can die in silence. A worker that holds something and hears nothing reports of
 * one attempt, to be answered, and gives up a stream that does not answer.
 *
 * It judges at every beat, a twelfth of a lease. One judgement alone loses nothing: after a pause of this process (it was
 * stopped, or a task blocked the event loop) the answer may be there and only wait to be read.
 */

/** Per lease. All that follows is in parts of a lease too. */
const BEATS = 12;
const ASK_AFTER = 2 / BEATS;
const GIVE_UP_AFTER = 2 / BEATS;
const LOSE_AFTER = 7 / BEATS; // and one beat more: eight twelfths are two thirds

/**
 * What to do at a beat: nothing, say something that will be answered, give up the stream, or take all leases for lost.
 */
export type Verdict = "go on" | "ask" | "reconnect" | "lose";

/** Listens for the service. Times are a monotonic clock's, in milliseconds. */
export class Pulse {
  readonly #leaseMs: number;
  #heardAt: number;
  #askedAt: number | undefined;
  #silentBefore = false;

  constructor(leaseMs: number, now: number) {
    this.#leaseMs = leaseMs;
    this.#heardAt = now;
  }

  /** How long from one judgement to the next. */
  get beatMs(): number {
    return this.#leaseMs / BEATS;
  }

  /** Something came from the service. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#askedAt = undefined;
    this.#silentBefore = false;
  }

  /** There is a new stream: what was asked on the old one will not be answered. */
  reconnected(): void {
    this.#askedAt = undefined;
  }

  /** Answer what to do; to be called at every beat while something is held. */
  judge(now: number): Verdict {
    const silence = (now - this.#heardAt) / this.#leaseMs;
    const silentBefore = this.#silentBefore;
    this.#silentBefore = silence >= LOSE_AFTER;
    if (silentBefore && this.#silentBefore) return "lose";
    if (this.#askedAt !== undefined) {
      return now - this.#askedAt < GIVE_UP_AFTER * this.#leaseMs ? "go on" : "reconnect";
    }
    if (silence < ASK_AFTER) return "go on";
    this.#askedAt = now;
    return "ask";
  }
}
