/** What a worker has to say beside the executions' own history. */

/** Takes a line of a worker's log; `cause` is what was thrown, if something was. */
export type Log = (level: "info" | "warn", message: string, cause?: unknown) => void;

/** Tells warnings on stderr. */
export const warnOnly: Log = (level, message, cause) => {
  if (level === "warn") console.warn(`execution worker: ${message}`, ...(cause === undefined ? [] : [cause]));
};
