import { JobManager } from "joblib";
import { Depict, Descriptors } from "../chemistry.ts";
import { createApp } from "./app.ts";

const port = Number(process.env["PORT"] ?? 7900);
const app = await createApp();
const address = await app.listen({ port });

// A worker is usually a separate program. In this example, it runs in the same process, so that one
// command starts everything.
const stop = new AbortController();
const jobs = new JobManager({ url: `${address}/api`, room: "notebook" });
jobs.register(Depict);
jobs.register(Descriptors);
const working = jobs.run({ signal: stop.signal });

console.log(`The notebook is available at ${address}. Press Ctrl-C to stop.`);

const close = async () => {
  stop.abort();
  await working;
  await jobs[Symbol.asyncDispose]();
  await app.close();
};
process.once("SIGINT", () => void close());
process.once("SIGTERM", () => void close());
