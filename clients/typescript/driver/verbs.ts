/** The verbs of the scenario, each with the client's own. */

import { type ExecutionClient, ExecutionProblem } from "@croco/execution-client";

import { bench } from "./bench.js";
import { fromExecution, fromProblem, type Words } from "./values.js";

type Verb = (client: ExecutionClient, args: Words) => Promise<unknown>;

/** Each takes the arguments as `toArguments` gives them; what is no argument of its own is an option. */
export const VERBS: Readonly<Record<string, Verb>> = {
  create: async (client, { type, payload, ...options }) => {
    const execution = await client.create(type, payload, options);
    return { ...fromExecution(execution), created: execution.created };
  },
  get: async (client, { id, ...options }) => fromExecution(await client.get(id, options)),
  get_by_idempotency_key: async (client, { idempotencyKey, ...options }) =>
    fromExecution(await client.getByIdempotencyKey(idempotencyKey, options)),
  list: async (client, options) => {
    const executions = [];
    for await (const execution of client.list(options)) executions.push(fromExecution(execution));
    return { executions };
  },
  list_page: async (client, options) => {
    const page = await client.listPage(options);
    return { executions: page.executions.map(fromExecution), next_page_token: page.nextPageToken };
  },
  count: async (client, options) => {
    const { total, byStatus } = await client.count(options);
    return { total, by_status: byStatus };
  },
  wait: async (client, { id, ...options }) => fromExecution(await client.wait(id, options)),
  update: async (client, { id, ...options }) => fromExecution(await client.update(id, options)),
  delete: async (client, { id, ...options }) => {
    await client.delete(id, options);
    return null;
  },
  start: async (client, { id, ...options }) => fromExecution(await client.start(id, options)),
  retry: async (client, { id, ...options }) => fromExecution(await client.retry(id, options)),
  time_out: async (client, { id, ...options }) => fromExecution(await client.timeOut(id, options)),
  cancel: async (client, { id, reason, ...options }) => fromExecution(await client.cancel(id, reason, options)),
  release: async (client, { id, ...options }) => fromExecution(await client.release(id, options)),
  complete: async (client, { id, result, ...options }) => fromExecution(await client.complete(id, result, options)),
  fail: async (client, { id, error, ...options }) => fromExecution(await client.fail(id, error, options)),
  update_progress: async (client, { id, current, total, message, percent, ...options }) =>
    fromExecution(await client.updateProgress(id, { current, total, message, percent }, options)),
  save_checkpoints: async (client, { id, checkpoints, ...options }) =>
    fromExecution(await client.saveCheckpoints(id, checkpoints, options)),
  claim: async (client, { workerId, types, ...options }) => {
    const executions = await client.claim(workerId, types, options);
    return { executions: executions.map(fromExecution) };
  },
  heartbeat: async (client, { held, ...options }) => {
    const directives = await client.heartbeat(held, options);
    return { directives: directives.map(({ id, attempt, kind, reason }) => ({ id, attempt, kind, reason })) };
  },
  batch_create: async (client, { requests, ...options }) => ({
    results: (await client.batchCreate(requests, options)).map((answer) =>
      answer instanceof ExecutionProblem
        ? { problem: fromProblem(answer) }
        : { execution: fromExecution(answer), created: answer.created },
    ),
  }),
  batch_get: async (client, { ids, ...options }) => ({
    results: (await client.batchGet(ids, options)).map((answer) =>
      answer instanceof ExecutionProblem ? { problem: fromProblem(answer) } : { execution: fromExecution(answer) },
    ),
  }),
  server_info: async (client, options) => {
    const { version, storeKind: store, partitions, durability } = await client.serverInfo(options);
    return { version, store, partitions, durability };
  },
  bench,
};
