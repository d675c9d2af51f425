// BullMQ: a worker and a queue on Node; the creator waits by QueueEvents. `node bullmq.mjs create|work URL`, with the
// packages in the current folder. The orders and answers are those of driving.py.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const { Queue, QueueEvents, Worker } = createRequire(`${process.cwd()}/`)("bullmq");

const CONCURRENCY = 64;
const [role, url] = process.argv.slice(2);
const connection = { path: url.replace("unix://", "").split("?")[0], maxRetriesPerRequest: null };

const resultOf = (payload) => ({ resized: 100, album: payload.album, size: "large" });

async function resize(job) {
  for (const step of [1, 2, 3]) {
    if (job.data.pause_seconds) await sleep(job.data.pause_seconds * 1000);
    await job.updateProgress({ current: step, total: 3, message: "resizing", at: Date.now() / 1000 });
  }
  return resultOf(job.data);
}

async function create() {
  const queue = new Queue("bench", { connection });
  const events = new QueueEvents("bench", { connection });
  for (const emitter of [queue, events]) emitter.setMaxListeners(0); // each waiting creator is one
  let observed = null;
  events.on("progress", ({ data }) => observed?.push(Date.now() / 1000 - data.at));
  await events.waitUntilReady();
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const order = JSON.parse(line);
    observed = order.observe ? [] : null;
    let next = 0;
    let right = 0;
    const creator = async () => {
      while (next < order.count) {
        const payload = { album: next++, pause_seconds: order.pause_seconds, size: "large" };
        const job = await queue.add("resize", payload);
        const result = await job.waitUntilFinished(events);
        right += JSON.stringify(result) === JSON.stringify(resultOf(payload)) ? 1 : 0;
      }
    };
    const began = performance.now();
    await Promise.all(Array.from({ length: order.outstanding }, creator));
    console.log(JSON.stringify({ seconds: (performance.now() - began) / 1000, right, observed: observed ?? [] }));
  }
  process.exit(0);
}

if (role === "create") await create();
else new Worker("bench", resize, { connection, concurrency: CONCURRENCY });
