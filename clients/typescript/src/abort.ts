/** What ends a call before its time: the caller's signal, and the closing of the client. */

import { LONGEST_TIMER_MS } from "./settings.js";

/** Signals any of which may end something. Not AbortSignal.any, which holds on to all that it ever made. */
export type Signals = readonly (AbortSignal | undefined)[];

/**
 * Have `stop` called once, with the reason, when one of the signals is aborted; at once if one is already.
 *
 * @returns a function that calls it off
 */
export function onAbort(signals: Signals, stop: (reason: unknown) => void): () => void {
  const listening: [AbortSignal, () => void][] = [];
  const callOff = () => {
    for (const [signal, listener] of listening.splice(0)) signal.removeEventListener("abort", listener);
  };
  for (const signal of signals) {
    if (signal === undefined) continue;
    const listener = () => {
      callOff();
      stop(signal.reason);
    };
    if (signal.aborted) {
      listener();
      break;
    }
    signal.addEventListener("abort", listener);
    listening.push([signal, listener]);
  }
  return callOff;
}

/** Throw the reason of the first signal that is aborted. */
export function throwIfAborted(signals: Signals): void {
  for (const signal of signals) signal?.throwIfAborted();
}

/** Sleep, unless a signal is aborted: then its reason is thrown. */
export function sleep(milliseconds: number, signals: Signals = []): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      callOff();
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, LONGEST_TIMER_MS));
    const callOff = onAbort(signals, (reason) => {
      clearTimeout(timer);
      reject(reason);
    });
  });
}
