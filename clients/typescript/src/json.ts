/**
 * What may be sent as a JSON value.
 *
 * A `google.protobuf.Value` holds every number as a double, as JavaScript does. A bigint is sent as a number if that holds
 * it exactly; one beyond 2**53 is refused instead of being rounded without a word. Everything else that JSON does not have
 * is refused too, with the path of the culprit, before anything is sent.
 */

const EXACT = 2n ** 53n;
/** More levels than the contract allows could not be parsed: protobuf stops at 100 nested messages, a level takes three. */
const LEVELS = 30;

/** What a payload, a result or a checkpoint is when it comes back: null, boolean, number, string, array or plain object. */
export type Json = any;

/**
 * Answer `json` if it can be sent: null, a boolean, number, bigint or string, an array, or a plain object, whose
 * properties that are undefined are left out.
 *
 * @param path what to call `json` in an error, as in `payload`
 * @throws TypeError if something is of another type; the message says where
 * @throws RangeError if a bigint is beyond 2**53, a number is not finite, a text is not Unicode, or the nesting is deeper
 * than 30 levels; the message says where
 */
export function checkJson(json: unknown, path: string): unknown {
  check(json, path, LEVELS);
  return json;
}

/** As `checkJson`, for what has to be an object. */
export function checkObject(json: unknown, path: string): Record<string, unknown> {
  if (!isPlainObject(json)) throw new TypeError(`${path} must be a plain object, not ${kindOf(json)}.`);
  check(json, path, LEVELS);
  return json;
}

/** Check the values of an object, each for itself, and answer them by their keys. */
export function checkValues(json: unknown, path: string): Map<string, unknown> {
  if (!isPlainObject(json)) throw new TypeError(`${path} must be a plain object, not ${kindOf(json)}.`);
  const values = new Map<string, unknown>();
  for (const [key, value] of Object.entries(json)) {
    checkText(key, `A key of ${path}`);
    values.set(key, checkJson(value, `${path}.${key}`));
  }
  return values;
}

function check(json: unknown, path: string, levels: number): void {
  if (json === null || typeof json === "boolean") return;
  if (typeof json === "string") checkText(json, path);
  else if (typeof json === "number") checkNumber(json, path);
  else if (typeof json === "bigint") checkInteger(json, path);
  else if (Array.isArray(json)) checkItems(json, path, levels);
  else if (isPlainObject(json)) checkProperties(json, path, levels);
  else throw new TypeError(`${path} is ${kindOf(json)}, which JSON does not have.`);
}

function checkItems(items: readonly unknown[], path: string, levels: number): void {
  // Not forEach: it would skip the holes of a sparse array.
  for (let index = 0; index < items.length; index++) {
    check(items[index], `${path}[${index}]`, below(levels, path));
  }
}

function checkProperties(object: Record<string, unknown>, path: string, levels: number): void {
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    checkText(key, `A key of ${path}`);
    check(value, `${path}.${key}`, below(levels, path));
  }
}

function checkNumber(number: number, path: string): void {
  if (!Number.isFinite(number)) throw new RangeError(`${path} is ${number}, which JSON does not have.`);
}

function checkInteger(integer: bigint, path: string): void {
  if (integer > EXACT || integer < -EXACT) {
    throw new RangeError(`${path} is a bigint beyond 2**53, which JSON numbers cannot hold exactly.`);
  }
}

function checkText(text: string, path: string): void {
  if (!text.isWellFormed()) {
    throw new RangeError(`${path} holds half of a surrogate pair, which is not Unicode text.`);
  }
}

function below(levels: number, path: string): number {
  if (levels === 0) throw new RangeError(`${path} is nested deeper than ${LEVELS} levels.`);
  return levels - 1;
}

/** Tell whether something is what `{}` makes, be it in another realm: tests often run in one of their own. */
function isPlainObject(json: unknown): json is Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return false;
  const prototype: unknown = Object.getPrototypeOf(json);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function kindOf(json: unknown): string {
  if (json === null || json === undefined) return String(json);
  if (Array.isArray(json)) return "an array";
  if (typeof json !== "object") return `a ${typeof json}`;
  return `of the class ${json.constructor?.name || "without a name"}`;
}
