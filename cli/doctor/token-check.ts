import * as z from "zod";
import type { CallerInfo } from "../../protocol/caller-info.ts";
import { UnauthorizedError } from "../../sdk/errors.ts";
import { formatAge } from "../views/duration.ts";
import {
  type CheckResult,
  getMessage,
  type Probe,
  reportFailure,
  reportOk,
  reportWarning,
} from "./check-result.ts";

const SOON_MS = 3_600_000;

const Expiring = z.object({ exp: z.number() });

/** Reads when a JWT expires, in milliseconds since 1970, without verifying it; undefined if it is no JWT or never expires. */
export const readExpiry = (token: string): number | undefined => {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    return Expiring.parse(JSON.parse(text)).exp * 1000;
  } catch {
    return undefined;
  }
};

const reportRejected = (token: string | undefined, now: number): CheckResult => {
  const check = "token";
  if (token === undefined) {
    return reportFailure(
      check,
      "missing: the server requires one",
      "set --token or JOBLIB_TOKEN; create one with `joblib token create`",
    );
  }
  const expiry = readExpiry(token);
  if (expiry !== undefined && expiry <= now) {
    return reportFailure(
      check,
      `expired ${formatAge(now - expiry)} ago`,
      "get a new one with `joblib token create` or `joblib rooms invite`",
    );
  }
  return reportFailure(
    check,
    "rejected by the server",
    "it was signed with another secret, is incomplete, or its invitation was revoked",
  );
};

/** Asks the server who the caller is; returns a finding if it does not say. */
export const readCaller = async (
  { client, token, room, signal }: Probe,
  now: number,
): Promise<CallerInfo | CheckResult> => {
  try {
    const query = room === undefined ? {} : { room_id: room };
    return (await client.call("readCaller", { query }, { signal, retry: false })).body;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnauthorizedError) return reportRejected(token, now);
    return reportWarning("token", getMessage(error), "an older server does not report whose token it is");
  }
};

const describeRooms = ({ is_admin, rooms }: CallerInfo): string => {
  if (is_admin) return "admin";
  if (rooms === null) return "rooms decided by the embedding app";
  if (rooms === "*") return "all rooms";
  if (rooms.length === 0) return "no room except reading @global";
  return `${rooms.length === 1 ? "room" : "rooms"} ${rooms.join(", ")}`;
};

/** Checks whose token it is, for which rooms and jobs, and until when. */
export const checkToken = (standing: CallerInfo, token: string | undefined, now: number): CheckResult => {
  const { user_id, jobs, expires_at, invitation_id } = standing;
  const expiry = expires_at === null ? undefined : Date.parse(expires_at);
  const facts = [
    invitation_id === null ? user_id : `invitation ${invitation_id}`,
    describeRooms(standing),
    jobs === null ? "" : `may register only ${jobs.join(", ")}`,
    expiry === undefined ? "" : `expires in ${formatAge(expiry - now)}`,
    token === undefined ? "no token required" : "",
  ];
  const detail = facts.filter((fact) => fact !== "").join("; ");
  return expiry !== undefined && expiry - now < SOON_MS
    ? reportWarning(
        "token",
        detail,
        "get a new one before it expires: a worker cannot change its token while it runs",
      )
    : reportOk("token", detail);
};

/** Checks what the caller may do in the room of `--room`. */
export const checkRoom = ({ room }: CallerInfo): CheckResult | undefined => {
  if (room === null) return undefined;
  const { room_id, read, write } = room;
  if (read && write) return reportOk("room", `${room_id}: read and write`);
  if (read) {
    return reportWarning(
      "room",
      `${room_id}: read only`,
      "registering jobs and submitting tasks need write access",
    );
  }
  return reportFailure(
    "room",
    `${room_id}: no access`,
    "ask a member of the room for an invitation: `joblib rooms invite`",
  );
};
