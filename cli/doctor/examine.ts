import * as z from "zod";
import type { CallerInfo } from "../../protocol/caller-info.ts";
import type { Health } from "../../protocol/health.ts";
import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { type CheckResult, getMessage, type Probe, reportWarning } from "./check-result.ts";
import { checkEncryption } from "./connection-check.ts";
import { checkFitness } from "./fitness-check.ts";
import { checkEventStream, checkLongPoll } from "./long-request-check.ts";
import {
  checkBus,
  checkClock,
  checkDatabase,
  checkServer,
  checkVersion,
  measureClockSkew,
} from "./server-check.ts";
import { checkRoom, checkToken, readCaller } from "./token-check.ts";

/** What to check, and where to report it. */
export interface Examination {
  /** How long the long poll and the event stream stay open, in seconds. */
  readonly openSeconds: number;
  /** Receives each finding as soon as it is known. */
  readonly report: (finding: CheckResult) => void;
  /** Receives what is being done now. */
  readonly progress: (activity: string) => void;
}

const TIMEOUT_MS = 10_000;
const Ready = z.object({ database: z.object({ kind: z.string() }) });
const OpenApi = z.object({ info: z.object({ version: z.string() }) });

/** Reads a document of `joblib serve` that is not part of the API; undefined if an embedding app does not have it. */
const readDocument = async <Value>(
  { client, fetch, signal }: Probe,
  path: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> => {
  try {
    const answer = await fetch(client.url + path, {
      ...{ method: "GET", redirect: "manual", headers: { accept: "application/json" } },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer.body ?? []) chunks.push(chunk);
    return schema.parse(JSON.parse(Buffer.concat(chunks).toString()));
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
};

interface ReadHealth {
  readonly health: Health;
  readonly milliseconds: number;
}

const readHealth = async ({ client, signal }: Probe): Promise<ReadHealth | CheckResult> => {
  const began = performance.now();
  try {
    const { body } = await client.call("readHealth", {}, { signal, retry: false });
    return { health: body, milliseconds: performance.now() - began };
  } catch (error) {
    signal.throwIfAborted();
    return reportWarning("database", getMessage(error), "an older server does not report its health");
  }
};

const isStanding = (value: CallerInfo | CheckResult): value is CallerInfo => "user_id" in value;

/** The room whose event stream is opened: the one of `--room`, or one that the token may read. */
const chooseRoom = ({ room }: Probe, { rooms }: CallerInfo): string => {
  const [first] = Array.isArray(rooms) ? rooms : [];
  return room ?? first ?? GLOBAL_ROOM;
};

/** Turns an unexpected error of a check into a finding, so that the other check is still reported. */
const orWarning = async (
  check: string,
  work: Promise<CheckResult>,
  { signal }: Probe,
): Promise<CheckResult> => {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    return reportWarning(check, `could not be checked: ${getMessage(error)}`, "fix the problems above first");
  }
};

const checkLongRequests = async (
  probe: Probe,
  standing: CallerInfo,
  { openSeconds, report, progress }: Examination,
): Promise<void> => {
  progress(`keeping a long poll and an event stream open for ${openSeconds} s`);
  const room = chooseRoom(probe, standing);
  const checks = [
    orWarning("long poll", checkLongPoll(probe, openSeconds), probe),
    orWarning("event stream", checkEventStream(probe, room, openSeconds), probe),
  ];
  await Promise.all(checks.map(async (check) => report(await check)));
};

/** Checks everything between this machine and the server's database that a worker depends on. */
export const examine = async (probe: Probe, examination: Examination): Promise<void> => {
  const { report, progress } = examination;
  progress("connecting to the server");
  const { finding, answer } = await checkServer(probe);
  report(finding);
  if (answer === undefined) return;
  report(checkEncryption(probe));
  const standing = await readCaller(probe, Date.now());
  const read = isStanding(standing) ? await readHealth(probe) : undefined;
  const now = Date.now();
  const known = read !== undefined && "health" in read ? read : undefined;
  const version =
    known?.health.version ?? (await readDocument(probe, "/openapi.json", OpenApi))?.info.version;
  report(checkVersion(probe, version));
  const time = known && { time: known.health.time, milliseconds: known.milliseconds };
  report(checkClock(measureClockSkew(time, answer, now)));
  if (!isStanding(standing)) return report(standing);
  report(checkToken(standing, probe.token, now));
  const room = checkRoom(standing);
  if (room !== undefined) report(room);
  if (known !== undefined) {
    report(checkDatabase(known.health, (await readDocument(probe, "/readyz", Ready))?.database.kind));
    for (const finding of checkFitness(known.health)) report(finding);
    report(checkBus(known.health));
  } else if (read !== undefined && !("health" in read)) {
    report(read);
  }
  await checkLongRequests(probe, standing, examination);
};
