import * as z from "zod";
import type { CallerInfo } from "../../protocol/caller.ts";
import type { Health } from "../../protocol/health.ts";
import { GLOBAL_ROOM } from "../../protocol/rooms.ts";
import { getMessage } from "../io/errors.ts";
import { type CheckContext, type CheckResult, reportWarning } from "./check-result.ts";
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

export interface CheckOptions {
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
  { client, signal }: CheckContext,
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

async function readHealth({ client, signal }: CheckContext): Promise<ReadHealth | CheckResult> {
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
function chooseRoom({ room }: CheckContext, { rooms }: CallerInfo): string {
  const [first] = Array.isArray(rooms) ? rooms : [];
  return room ?? first ?? GLOBAL_ROOM;
}

/** Reports an unexpected error of a check as a warning, so that the other checks still run. */
async function catchAsWarning(
  check: string,
  running: Promise<CheckResult>,
  { signal }: CheckContext,
): Promise<CheckResult> {
  try {
    return await running;
  } catch (error) {
    signal.throwIfAborted();
    return reportWarning(check, `cannot check: ${getMessage(error)}`, "fix the problems above first");
  }
}

async function checkLongRequests(
  context: CheckContext,
  caller: CallerInfo,
  { openSeconds, report, onProgress }: CheckOptions,
): Promise<void> {
  onProgress(`keeping a long poll and an event stream open for ${openSeconds} s`);
  const room = chooseRoom(context, caller);
  const checks = [
    catchAsWarning("long poll", checkLongPoll(context, openSeconds), context),
    catchAsWarning("event stream", checkEventStream(context, room, openSeconds), context),
  ];
  await Promise.all(checks.map(async (check) => report(await check)));
}

/** Checks everything that a worker needs, including the server's database. */
export async function runChecks(context: CheckContext, options: CheckOptions): Promise<void> {
  const { report, onProgress } = options;
  onProgress("connecting to the server");
  const { result, response } = await checkServer(context);
  report(result);
  if (response === undefined) return;
  report(checkEncryption(context));
  const caller = await readCaller(context, Date.now());
  const read = isCallerInfo(caller) ? await readHealth(context) : undefined;
  const now = Date.now();
  const known = read !== undefined && "health" in read ? read : undefined;
  const version =
    known?.health.version ?? (await readDocument(context, "/openapi.json", OpenApi))?.info.version;
  report(checkVersion(context, version));
  const time = known && { time: known.health.time, milliseconds: known.milliseconds };
  report(checkClock(measureClockSkew(time, response, now)));
  if (!isCallerInfo(caller)) return report(caller);
  report(checkToken(caller, context.token, now));
  const room = checkRoom(caller);
  if (room !== undefined) report(room);
  if (known !== undefined) {
    report(checkDatabase(known.health, (await readDocument(context, "/readyz", Ready))?.database.kind));
    for (const unfit of checkFitness(known.health)) report(unfit);
    report(checkBus(known.health));
  } else if (read !== undefined && !("health" in read)) {
    report(read);
  }
  await checkLongRequests(context, caller, options);
}
