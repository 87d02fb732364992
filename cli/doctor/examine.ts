import * as z from "zod";
import type { CallerInfo } from "../../protocol/caller.ts";
import type { Health } from "../../protocol/health.ts";
import { GLOBAL_ROOM } from "../../protocol/rooms.ts";
import { getMessage } from "../io/errors.ts";
import { type CheckResult, type Probe, reportWarning } from "./check-result.ts";
import { checkEventStream, checkLongPoll } from "./long-request-check.ts";
import {
  checkBus,
  checkClock,
  checkDatabase,
  checkEncryption,
  checkFitness,
  checkServer,
  checkVersion,
  measureClockSkew,
} from "./server-check.ts";
import { checkRoom, checkToken, readCaller } from "./token-check.ts";

export interface Examination {
  /** Duration of the long poll and the event stream, in seconds. */
  readonly openSeconds: number;
  /** Receives each result as soon as it is known. */
  readonly report: (result: CheckResult) => void;
  /** Receives a description of the current check. */
  readonly onProgress: (activity: string) => void;
}

const TIMEOUT_MS = 10_000;
const Ready = z.object({ database: z.object({ kind: z.string() }) });
const OpenApi = z.object({ info: z.object({ version: z.string() }) });

/**
 * Reads a document of `joblib serve` that is not part of the API. Returns undefined if it does not
 * exist, for example because a host application embeds the server.
 */
async function readDocument<Value>(
  { client, signal }: Probe,
  path: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> {
  try {
    const response = await fetch(client.url + path, {
      redirect: "manual",
      headers: { accept: "application/json" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    return schema.parse(await response.json());
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

interface ReadHealth {
  readonly health: Health;
  readonly milliseconds: number;
}

async function readHealth({ client, signal }: Probe): Promise<ReadHealth | CheckResult> {
  const startedAt = performance.now();
  try {
    const health = await client.server.health({ signal, retry: false });
    return { health, milliseconds: performance.now() - startedAt };
  } catch (error) {
    signal.throwIfAborted();
    return reportWarning(
      "database",
      getMessage(error),
      "an older server does not report its health; update the server",
    );
  }
}

const isCallerInfo = (value: CallerInfo | CheckResult): value is CallerInfo => "user_id" in value;

/**
 * Returns the room for the event stream: the room of `--room`, or a room that the token can read.
 */
function chooseRoom({ room }: Probe, { rooms }: CallerInfo): string {
  const [first] = Array.isArray(rooms) ? rooms : [];
  return room ?? first ?? GLOBAL_ROOM;
}

/** Reports an unexpected error of a check as a warning, so that the other checks still run. */
async function catchAsWarning(
  check: string,
  running: Promise<CheckResult>,
  { signal }: Probe,
): Promise<CheckResult> {
  try {
    return await running;
  } catch (error) {
    signal.throwIfAborted();
    return reportWarning(check, `cannot check: ${getMessage(error)}`, "fix the problems above first");
  }
}

async function checkLongRequests(
  probe: Probe,
  caller: CallerInfo,
  { openSeconds, report, onProgress }: Examination,
): Promise<void> {
  onProgress(`keeping a long poll and an event stream open for ${openSeconds} s`);
  const room = chooseRoom(probe, caller);
  const checks = [
    catchAsWarning("long poll", checkLongPoll(probe, openSeconds), probe),
    catchAsWarning("event stream", checkEventStream(probe, room, openSeconds), probe),
  ];
  await Promise.all(checks.map(async (check) => report(await check)));
}

/** Checks everything that a worker needs, including the server's database. */
export async function examine(probe: Probe, examination: Examination): Promise<void> {
  const { report, onProgress } = examination;
  onProgress("connecting to the server");
  const { result, response } = await checkServer(probe);
  report(result);
  if (response === undefined) return;
  report(checkEncryption(probe));
  const caller = await readCaller(probe, Date.now());
  const read = isCallerInfo(caller) ? await readHealth(probe) : undefined;
  const now = Date.now();
  const known = read !== undefined && "health" in read ? read : undefined;
  const version =
    known?.health.version ?? (await readDocument(probe, "/openapi.json", OpenApi))?.info.version;
  report(checkVersion(probe, version));
  const time = known && { time: known.health.time, milliseconds: known.milliseconds };
  report(checkClock(measureClockSkew(time, response, now)));
  if (!isCallerInfo(caller)) return report(caller);
  report(checkToken(caller, probe.token, now));
  const room = checkRoom(caller);
  if (room !== undefined) report(room);
  if (known !== undefined) {
    report(checkDatabase(known.health, (await readDocument(probe, "/readyz", Ready))?.database.kind));
    for (const unfit of checkFitness(known.health)) report(unfit);
    report(checkBus(known.health));
  } else if (read !== undefined && !("health" in read)) {
    report(read);
  }
  await checkLongRequests(probe, caller, examination);
}
