import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SignJWT } from "jose";
import { fillPath, operations } from "../../protocol/index.ts";
import { startPostgres } from "../support/postgres.ts";
import { endLeftoverProcesses, spawnProcess } from "../support/processes.ts";
import { fuzz } from "./fuzz.ts";
import { KnownEntities } from "./known-entities.ts";
import { readTargets } from "./targets.ts";
import { watchEventLoop } from "./watch-event-loop.ts";

const USAGE = `npm run test:attacks -- [--seed N] [--requests N]

  --seed N       repeat the requests of an earlier run, which prints its seed first
  --requests N   number of requests (default: 100000)
`;

const BIN = resolve(import.meta.dirname, "../../bin/joblib.js");
/** Maximum CPU time for which a request may block the server's event loop. */
const MAX_BLOCK_MS = 200;
/** Time limit of a run in seconds. On two cores, 100,000 requests take two minutes. */
const MAX_SECONDS = 600;
const CLEANUP_MS = 60_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

const signTokens = async (secret: string) => {
  const sign = async (claims: Record<string, unknown>, key = secret) =>
    `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key))}`;
  const member = await sign({ sub: "member", rooms: ["fuzz", "other"] });
  const admin = await sign({ sub: "root", admin: true });
  const tokens = [
    ...Array.from({ length: 24 }, () => member),
    ...[admin, admin],
    await sign({ sub: "outsider" }),
    await sign({ sub: "member", rooms: "*" }, `${secret}x`),
    await sign({ sub: "late", rooms: "*", exp: 1 }),
    ...["", "Bearer", "Bearer a.b.c", "Basic YTpi"],
  ];
  return { admin, tokens };
};

/**
 * Registers the jobs that the requests refer to, so that most requests refer to something that
 * exists.
 */
const registerJobs = async (
  url: string,
  authorization: string,
  { rooms, names }: KnownEntities,
): Promise<void> => {
  const { method, path } = operations.registerJob;
  const headers = { authorization, "content-type": "application/json" };
  for (const room_id of rooms) {
    for (const name of names) {
      const body = JSON.stringify({ category: "fuzz", name, schema: { type: "object" } });
      const response = await fetch(url + fillPath(path, { room_id }), { method, headers, body });
      if (!response.ok) throw new Error(`${room_id} ${name}: ${await response.text()}`);
    }
  }
};

const runAttacks = async (): Promise<void> => {
  const { values } = parseArgs({
    options: { seed: { type: "string" }, requests: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) {
    say(USAGE);
    return;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
  const requests = Number(values.requests ?? 100_000);
  say(`seed ${seed}`);
  await using open = new AsyncDisposableStack();
  open.defer(async () => void (await endLeftoverProcesses()));
  const postgres = open.use(await startPostgres());
  const secret = randomBytes(32).toString("hex");
  const eventLoop = open.use(watchEventLoop());
  const env = {
    ...eventLoop.env,
    ...{
      JOBLIB_JWT_SECRET: secret,
      JOBLIB_DATABASE_URL: postgres.url,
      JOBLIB_REDIS_URL: "",
    },
    ...{ JOBLIB_LOG_LEVEL: "error", JOBLIB_LONG_POLL_MAX_WAIT_SECONDS: "1" },
  };
  const server = spawnProcess(process.execPath, [BIN, "serve", "--port", "0"], { env });
  const [url] = await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 60_000);
  const { admin, tokens } = await signTokens(secret);
  const entities = new KnownEntities();
  await registerJobs(url, admin, entities);

  const began = performance.now();
  const since = Date.now();
  const targets = readTargets(await (await fetch(`${url}/openapi.json`)).json());
  const options = { url, entities, tokens, seed, requests, targets, seconds: MAX_SECONDS };
  const { sent, byStatus, ...fuzzed } = await fuzz(options);
  const faults = [...fuzzed.faults];
  const longest = Math.round(eventLoop.getLongestBlockMs(since));
  const seconds = (performance.now() - began) / 1000;

  const statuses = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  say(`${sent} requests in ${Math.round(seconds)} s: ${statuses.join(", ")}`);
  say(`longest block of the event loop: ${longest < 50 ? "below 50" : longest} ms of CPU time`);
  if (sent < requests && faults.length === 0)
    faults.push(`only ${sent} requests could be sent in ${MAX_SECONDS} s`);
  if (longest > MAX_BLOCK_MS) faults.push(`the event loop was blocked for ${longest} ms of CPU time`);
  for (const fault of faults) say(`FAILED  ${fault}`);
  const errors = server
    .stderr()
    .split("\n")
    .filter((line) => line.includes('"level":50'));
  for (const line of errors.slice(0, 5)) say(`FAILED  the server logged: ${line.slice(0, 2_000)}`);
  const failed = faults.length + (errors.length > 0 ? 1 : 0);
  say(`${sent - faults.length} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
  // Exits even if the cleanup hangs, because the result is already printed. Watchdogs then end the
  // child processes.
  setTimeout(() => process.exit(), CLEANUP_MS).unref();
};

await runAttacks();
// Exits explicitly: Node 24 can spin forever in its own cleanup of the handles that a run of this
// size leaves behind.
process.exit();
