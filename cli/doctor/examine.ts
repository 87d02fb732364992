import * as z from "zod";
import type { Health } from "../../protocol/health.ts";
import { GLOBAL_ROOM } from "../../protocol/room.ts";
import type { Standing } from "../../protocol/standing.ts";
import { type Finding, type Probe, warning, wordsOf } from "./finding.ts";
import { checkFitness } from "./fitness-check.ts";
import { checkLongPoll, checkStream } from "./hold-check.ts";
import { checkBus, checkClock, checkDatabase, checkServer, checkVersion, clockSkew } from "./server-check.ts";
import { checkRoom, checkToken, readStanding } from "./token-check.ts";

/** What is to be looked at, and who is told of it on the way. */
export interface Examination {
  /** For how many seconds a request is held. */
  readonly hold: number;
  readonly found: (finding: Finding) => void;
  readonly begins: (what: string) => void;
}

const PATIENCE_MS = 10_000;
const Ready = z.object({ database: z.object({ kind: z.string() }) });
const Document = z.object({ info: z.object({ version: z.string() }) });

/** A document beside the API; undefined where there is none: a host has its own. */
const beside = async <Value>(
  { client, fetch, signal }: Probe,
  path: string,
  schema: z.ZodType<Value>,
): Promise<Value | undefined> => {
  try {
    const answer = await fetch(client.url + path, {
      ...{ method: "GET", redirect: "manual", headers: { accept: "application/json" } },
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]),
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

const readHealth = async ({ client, signal }: Probe): Promise<ReadHealth | Finding> => {
  const began = performance.now();
  try {
    const { body } = await client.call("readHealth", {}, { signal, retry: false });
    return { health: body, milliseconds: performance.now() - began };
  } catch (error) {
    signal.throwIfAborted();
    return warning("database", wordsOf(error), "an older server does not tell how its parts are");
  }
};

const isStanding = (value: Standing | Finding): value is Standing => "user_id" in value;

/** The room whose stream is followed: the one that was named, or one that the token opens. */
const roomOf = ({ room }: Probe, { rooms }: Standing): string => {
  const [first] = Array.isArray(rooms) ? rooms : [];
  return room ?? (first !== undefined ? first : GLOBAL_ROOM);
};

const whole = async (check: string, work: Promise<Finding>, { signal }: Probe): Promise<Finding> => {
  try {
    return await work;
  } catch (error) {
    signal.throwIfAborted();
    return warning(check, `could not be looked at: ${wordsOf(error)}`, "mend what is told above first");
  }
};

/** Looks at everything between here and the server's database that a worker depends on. */
export const examine = async (probe: Probe, { hold, found, begins }: Examination): Promise<void> => {
  begins("asking the server");
  const { finding, heard } = await checkServer(probe);
  found(finding);
  if (heard === undefined) return;
  const standing = await readStanding(probe, Date.now());
  const told = isStanding(standing) ? await readHealth(probe) : undefined;
  const now = Date.now();
  const known = told !== undefined && "health" in told ? told : undefined;
  const version = known?.health.version ?? (await beside(probe, "/openapi.json", Document))?.info.version;
  found(checkVersion(probe, version));
  found(
    checkClock(clockSkew(known && { time: known.health.time, milliseconds: known.milliseconds }, heard, now)),
  );
  if (!isStanding(standing)) return found(standing);
  found(checkToken(standing, probe.token, now));
  const room = checkRoom(standing);
  if (room !== undefined) found(room);
  if (known !== undefined) {
    found(checkDatabase(known.health, (await beside(probe, "/readyz", Ready))?.database.kind));
    for (const one of checkFitness(known.health)) found(one);
    found(checkBus(known.health));
  } else if (told !== undefined && !("health" in told)) {
    found(told);
  }
  begins(`holding a request for ${hold} s`);
  const held = [
    whole("long poll", checkLongPoll(probe, hold), probe),
    whole("event stream", checkStream(probe, roomOf(probe, standing), hold), probe),
  ];
  for (const one of held) found(await one);
};
