import * as z from "zod";
import type { Standing } from "../../protocol/standing.ts";
import { UnauthorizedError } from "../../sdk/errors.ts";
import { age } from "../views/duration.ts";
import { type Finding, failed, fine, type Probe, warning, wordsOf } from "./finding.ts";

const SOON_MS = 3_600_000;

const Expiring = z.object({ exp: z.number() });

/** When a JWT says that it ends: its own word, which only the server can verify. */
export const saidEnd = (token: string): number | undefined => {
  try {
    const text = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
    return Expiring.parse(JSON.parse(text)).exp * 1000;
  } catch {
    return undefined;
  }
};

const refused = (token: string | undefined, now: number): Finding => {
  if (token === undefined) {
    return failed(
      "token",
      "there is none, and the server asks for one",
      "--token or JOBLIB_TOKEN; `joblib token create` makes one",
    );
  }
  const end = saidEnd(token);
  if (end !== undefined && end <= now) {
    return failed(
      "token",
      `it ended ${age(now - end)} ago`,
      "ask for another: `joblib token create`, `joblib rooms invite`",
    );
  }
  return failed(
    "token",
    "the server does not accept it",
    "it was signed with another secret, was cut when it was copied, or its invitation was revoked",
  );
};

/** Asks the server who the caller is; a finding where it does not say. */
export const readStanding = async (
  { client, token, room, signal }: Probe,
  now: number,
): Promise<Standing | Finding> => {
  try {
    const query = room === undefined ? {} : { room_id: room };
    return (await client.call("readStanding", { query }, { signal, retry: false })).body;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UnauthorizedError) return refused(token, now);
    return warning(
      "token",
      wordsOf(error),
      "an older server does not tell; everything else is still looked at",
    );
  }
};

const roomsText = ({ is_admin, rooms }: Standing): string => {
  if (is_admin) return "an admin";
  if (rooms === null) return "rooms as the host decides";
  if (rooms === "*") return "every room";
  return rooms.length === 0
    ? "no room but @global, to read"
    : `${rooms.length === 1 ? "room" : "rooms"} ${rooms.join(", ")}`;
};

/** Who the token says that one is, and for how long. */
export const checkToken = (standing: Standing, token: string | undefined, now: number): Finding => {
  const { user_id, jobs, expires_at, invitation_id } = standing;
  const end = expires_at === null ? undefined : Date.parse(expires_at);
  const facts = [
    invitation_id === null ? user_id : `invitation ${invitation_id}`,
    roomsText(standing),
    jobs === null ? "" : `registers ${jobs.join(", ")} alone`,
    end === undefined ? "" : `ends in ${age(end - now)}`,
    token === undefined ? "no token needed here" : "",
  ];
  const detail = facts.filter((fact) => fact !== "").join("; ");
  return end !== undefined && end - now < SOON_MS
    ? warning(
        "token",
        detail,
        "ask for another before it ends: a worker cannot change its token while it runs",
      )
    : fine("token", detail);
};

/** What one may do in the room that was named. */
export const checkRoom = ({ room }: Standing): Finding | undefined => {
  if (room === null) return undefined;
  const { room_id, read, write } = room;
  if (read && write) return fine("room", `${room_id}: read and write`);
  if (read) return warning("room", `${room_id}: read alone`, "registering and submitting need write");
  return failed(
    "room",
    `${room_id}: neither read nor write`,
    "the token does not open it: `joblib rooms invite` does",
  );
};
