import * as z from "zod";
import type { CallerInfo } from "../../protocol/caller.ts";
import { UnauthorizedError } from "../../sdk/errors.ts";
import { getMessage } from "../io/errors.ts";
import { formatAge, joinParts } from "../views/units.ts";
import {
  type CheckContext,
  type CheckResult,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";

/** A token that expires within this time causes a warning. */
const EXPIRES_SOON_MS = 3_600_000;

const Expiring = z.object({ exp: z.number() });

/**
 * Returns the expiry of a JWT in milliseconds since 1970, without verifying the token. Returns
 * undefined if it has no expiry or is not a JWT.
 */
export function readExpiry(token: string): number | undefined {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    return Expiring.parse(JSON.parse(text)).exp * 1000;
  } catch {
    return undefined;
  }
}

function reportRejected(token: string | undefined, now: number): CheckResult {
  const check = "token";
  if (token === undefined) {
    return reportFailure(
      check,
      "missing; the server requires one",
      "create one with `joblib token create`, and pass it with --token or JOBLIB_TOKEN",
    );
  }
  const expiry = readExpiry(token);
  if (expiry !== undefined && expiry <= now) {
    return reportFailure(
      check,
      `expired ${formatAge(now - expiry)} ago`,
      "create a new one with `joblib token create` or `joblib rooms invite`",
    );
  }
  return reportFailure(
    check,
    "rejected by the server",
    "check that it is complete and signed with the server's secret, and that its invitation was not revoked",
  );
}

/**
 * Reads the caller's permissions from the server. If that fails, returns the result of the token
 * check.
 */
export async function readCaller(
  { client, token, room, signal }: CheckContext,
  now: number,
): Promise<CallerInfo | CheckResult> {
  try {
    const query = room === undefined ? {} : { room_id: room };
    return await client.server.caller(query, { signal, retry: false });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnauthorizedError) return reportRejected(token, now);
    return reportWarning(
      "token",
      getMessage(error),
      "an older server does not report the caller; update the server",
    );
  }
}

function describeRooms({ is_admin, rooms }: CallerInfo): string {
  if (is_admin) return "admin";
  if (rooms === null) return "the host application decides about rooms";
  if (rooms === "*") return "all rooms";
  if (rooms.length === 0) return "no room; can read @global";
  return `${rooms.length === 1 ? "room" : "rooms"} ${rooms.join(", ")}`;
}

/** Checks the user, the rooms, the jobs and the expiry of the token. */
export function checkToken(caller: CallerInfo, token: string | undefined, now: number): CheckResult {
  const { user_id, jobs, expires_at, invitation_id } = caller;
  const expiry = expires_at === null ? undefined : Date.parse(expires_at);
  const facts = [
    invitation_id === null ? `user ${user_id}` : `invitation ${invitation_id}`,
    describeRooms(caller),
    jobs === null ? "" : `may register only ${jobs.join(", ")}`,
    expiry === undefined ? "" : `expires in ${formatAge(expiry - now)}`,
    token === undefined ? "no token required" : "",
  ];
  const detail = joinParts(facts, "; ");
  return expiry !== undefined && expiry - now < EXPIRES_SOON_MS
    ? reportWarning(
        "token",
        detail,
        "restart workers with a new token before it expires; a running worker cannot change its token",
      )
    : reportOk("token", detail);
}

/** Checks the caller's access to the room of `--room`. */
export function checkRoom({ room }: CallerInfo): CheckResult | undefined {
  if (room === null) return undefined;
  const { room_id, read, write } = room;
  if (read && write) return reportOk("room", `${room_id}: read and write`);
  if (read) {
    return reportWarning(
      "room",
      `${room_id}: read only`,
      "ask for write access: registering jobs and submitting tasks require it",
    );
  }
  return reportFailure(
    "room",
    `${room_id}: no access`,
    "ask a member of the room for an invitation (`joblib rooms invite`)",
  );
}
