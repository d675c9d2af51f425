/** A load: executions that live their whole lives, several at a time. */

import { type ExecutionClient } from "@croco/execution-client";

import { type Words } from "./values.js";

const CALLS_PER_LIFE = 6;

/** Answer how many calls all the lives took. */
export async function bench(
  client: ExecutionClient,
  { type, payload, lifecycles, concurrency }: Words,
): Promise<{ calls: number }> {
  let left: number = lifecycles;
  const loop = async () => {
    while (left-- > 0) await life(client, type, payload);
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return { calls: lifecycles * CALLS_PER_LIFE };
}

async function life(client: ExecutionClient, type: string, payload: unknown): Promise<void> {
  const { id } = await client.create(type, payload);
  const { attempts: attempt } = await client.start(id);
  for (const current of [1, 2, 3]) {
    await client.updateProgress(id, { current, total: 3, message: "Rendering" }, { attempt });
  }
  await client.complete(id, { pages: 3 }, { attempt });
}
