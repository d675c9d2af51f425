/** The driver of tests/clients/scenario.md: commands on stdin, answers on stdout, one JSON object a line. */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

import { ExecutionClient } from "@croco/execution-client";

import { Call, Watch, watch, Work } from "./background.js";
import { fromProblem, toArguments, type Words } from "./values.js";
import { VERBS } from "./verbs.js";

const { values: given } = parseArgs({
  options: { target: { type: "string" }, token: { type: "string" }, ca: { type: "string" } },
});
const target = given.target ?? "127.0.0.1:50051";
const connection = {
  token: given.token,
  tls: given.ca === undefined ? undefined : { rootCertificates: readFileSync(given.ca) },
};
const client = new ExecutionClient(target, connection);
const watches = new Map<string, Watch>();
const calls = new Map<string, Call>();
const works = new Map<string, Work>();

async function perform(verb: string, words: Words): Promise<unknown> {
  const { as, ...args } = toArguments(words);
  switch (verb) {
    case "watch":
    case "watch_all":
      watches.set(as, watch(client, verb, args));
      return null;
    case "watched_until":
      return named(watches, as).until(args);
    case "watched":
      return named(watches, as).whole();
    case "unwatch":
      return named(watches, as).stop();
    case "begin":
      calls.set(as, new Call((signal) => call(words.do, { ...toArguments(words.with ?? {}), signal })));
      return null;
    case "finish":
      return named(calls, as).finish();
    case "abandon":
      return named(calls, as).abandon();
    case "work": {
      const { types, slots: concurrency, leaseDurationMs: leaseMs } = args;
      works.set(as, new Work(target, { ...connection, types, concurrency, leaseMs, drainMs: 500 }));
      return null;
    }
    case "stop_work":
      return named(works, as).stop();
    default:
      return call(verb, args);
  }
}

async function call(verb: string, args: Words): Promise<unknown> {
  const known = VERBS[verb];
  if (known === undefined) throw new Error(`There is no command "${verb}".`);
  return known(client, args);
}

function named<T>(those: ReadonlyMap<string, T>, name: string): T {
  const found = those.get(name);
  if (found === undefined) throw new Error(`Nothing is named "${name}".`);
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const { n, do: verb, with: words = {} } = JSON.parse(line) as Words;
  const answer = await perform(verb, words).then(
    (ok) => ({ ok }),
    (problem: unknown) => ({ problem: fromProblem(problem) }),
  );
  process.stdout.write(`${JSON.stringify({ n, ...answer })}\n`);
}
await Promise.allSettled([...watches.values(), ...works.values()].map((open) => open.stop()));
client.close();
