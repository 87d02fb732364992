import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { SignJWT } from "jose";
import { fillPath, operations } from "../../protocol/index.ts";
import { startPostgres } from "../support/postgres.ts";
import { endLeftProcesses, spawnProcess } from "../support/processes.ts";
import { fuzz } from "./fuzz.ts";
import { targetsOf } from "./targets.ts";
import { watchHolds } from "./watch-holds.ts";
import { World } from "./world.ts";

const USAGE = `npm run test:attacks -- [--seed N] [--requests N]

  --seed N       repeat the requests of a run; its seed is printed first
  --requests N   100000
`;

const BIN = resolve(import.meta.dirname, "../../bin/joblib.js");
/** No request may hold the server's event loop for longer. */
const LONGEST_HOLD_MS = 200;
/** 100,000 take two minutes on two cores. */
const LONGEST_SECONDS = 600;
const PUT_AWAY_MS = 60_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

const tokensOf = async (secret: string) => {
  const sign = async (claims: Record<string, unknown>, key = secret) =>
    `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key))}`;
  const member = await sign({ sub: "member", rooms: ["fuzz", "other"] });
  const admin = await sign({ sub: "root", admin: true });
  const tokens = [
    ...Array.from({ length: 24 }, () => member),
    ...[admin, admin],
    await sign({ sub: "stranger" }),
    await sign({ sub: "member", rooms: "*" }, `${secret}x`),
    await sign({ sub: "late", rooms: "*", exp: 1 }),
    ...["", "Bearer", "Bearer a.b.c", "Basic YTpi"],
  ];
  return { admin, tokens };
};

/** Registers what the requests name, so that most of them are about something. */
const furnish = async (url: string, authorization: string, { rooms, names }: World): Promise<void> => {
  const { method, path } = operations.registerJob;
  const headers = { authorization, "content-type": "application/json" };
  for (const room_id of rooms) {
    for (const name of names) {
      const body = JSON.stringify({ category: "fuzz", name, schema: { type: "object" } });
      const answer = await fetch(url + fillPath(path, { room_id }), { method, headers, body });
      if (!answer.ok) throw new Error(`${room_id} ${name}: ${await answer.text()}`);
    }
  }
};

const attack = async (): Promise<void> => {
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
  open.defer(async () => void (await endLeftProcesses()));
  const postgres = open.use(await startPostgres());
  const secret = randomBytes(32).toString("hex");
  const holds = open.use(watchHolds());
  const env = {
    ...holds.env,
    ...{
      JOBLIB_JWT_SECRET: secret,
      JOBLIB_DATABASE_URL: postgres.url,
      JOBLIB_REDIS_URL: "",
    },
    ...{ JOBLIB_LOG_LEVEL: "error", JOBLIB_LONG_POLL_MAX_WAIT_SECONDS: "1" },
  };
  const server = spawnProcess(process.execPath, [BIN, "serve", "--port", "0"], { env });
  const [url] = await server.waitForLine(/http:\/\/127\.0\.0\.1:\d+/, 60_000);
  const { admin, tokens } = await tokensOf(secret);
  const world = new World();
  await furnish(url, admin, world);

  const began = performance.now();
  const since = Date.now();
  const targets = targetsOf(await (await fetch(`${url}/openapi.json`)).json());
  const plan = { url, world, tokens, seed, requests, targets, seconds: LONGEST_SECONDS };
  const { sent, byStatus, ...fuzzed } = await fuzz(plan);
  const faults = [...fuzzed.faults];
  const longest = Math.round(holds.longestSince(since));
  const seconds = (performance.now() - began) / 1000;

  const statuses = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  say(`${sent} requests in ${Math.round(seconds)} s: ${statuses.join(", ")}`);
  say(`longest hold of the event loop ${longest < 50 ? "below 50" : longest} ms, of the processor's time`);
  if (sent < requests && faults.length === 0)
    faults.push(`only ${sent} requests could be sent in ${LONGEST_SECONDS} s`);
  if (longest > LONGEST_HOLD_MS) faults.push(`the event loop was held for ${longest} ms`);
  for (const fault of faults) say(`FAILED  ${fault}`);
  const errors = server
    .stderr()
    .split("\n")
    .filter((line) => line.includes('"level":50'));
  for (const line of errors.slice(0, 5)) say(`FAILED  the server logged: ${line.slice(0, 2_000)}`);
  const failed = faults.length + (errors.length > 0 ? 1 : 0);
  say(`${sent - faults.length} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
  // What cannot be put away is left to its leash: the verdict is told.
  setTimeout(() => process.exit(), PUT_AWAY_MS).unref();
};

await attack();
// Not by running out: Node 24 can spin for ever in its own cleanup over handles that a run of this size leaves.
process.exit();
