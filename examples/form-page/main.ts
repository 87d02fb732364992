import { JobManager } from "joblib";
import { Depict, Descriptors } from "../chemistry.ts";
import { createApp } from "./app.ts";

const port = Number(process.env["PORT"] ?? 7900);
const app = await createApp();
const address = await app.listen({ port });

// A worker is a program of its own, anywhere; here it is in the same one, so that one command shows all of it.
const stop = new AbortController();
const jobs = new JobManager({ url: `${address}/api`, room: "notebook" });
jobs.register(Depict);
jobs.register(Descriptors);
const working = jobs.run({ signal: stop.signal });

console.log(`The notebook is open at ${address} (Ctrl-C closes it)`);

const close = async () => {
  stop.abort();
  await working;
  await jobs[Symbol.asyncDispose]();
  await app.close();
};
process.once("SIGINT", () => void close());
process.once("SIGTERM", () => void close());
