import { Command } from "commander";
import * as z from "zod";
import { JobKind, MAX_INVITATION_SECONDS, type NewInvitation } from "../../../protocol/invitation.ts";
import { GLOBAL_ROOM } from "../../../protocol/room.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { Room } from "../../global-options.ts";
import { Duration } from "../../options.ts";
import { quoteShellWord } from "../../quote-shell-word.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

/** A job's whole name will do: where it is registered is the room's to say. */
const Kind = z
  .string()
  .transform((name) => name.split(":").slice(-2).join(":"))
  .pipe(JobKind);

const InviteOptions = z.object({
  room: Room,
  job: z.array(Kind).optional(),
  expires: Duration.pipe(
    z
      .number()
      .min(60, { error: "must be a minute or more" })
      .max(MAX_INVITATION_SECONDS, { error: "must be 30d or less" }),
  ).optional(),
  note: z.string().max(255, { error: "must be at most 255 characters" }).optional(),
});
/** What `rooms invite` is asked. */
export type InviteOptions = z.infer<typeof InviteOptions>;

const collect = (value: string, all: string[] = []) => [...all, value];

/** `joblib rooms invite <room>`. */
export const inviteCommand = (tools: Tools, run: CommandHandler<ClientContext, InviteOptions> = invite) =>
  new Command("invite")
    .description(
      "Print one line to paste on another machine, which runs a worker there with a short-lived token for this room, and with --job for certain jobs alone. It gives no more than you have, and can be taken back. The server must have a JOBLIB_JWT_SECRET.",
    )
    .argument("<room>", "the room")
    .option("--job <category:name>", "what may be registered there, and nothing else (repeatable)", collect)
    .option("--expires <time>", "30d, 12h, 15m or seconds (1d)")
    .option("--note <text>", "whom it is for, as `joblib rooms invites` shows it")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib rooms invite lab --job modifiers:Rotate --expires 12h --note "Bob"
  $ joblib rooms invite lab --json | jq -r .token`,
    )
    .action(clientAction(tools, InviteOptions, run));

const LOOPBACK = /^https?:\/\/(127\.|localhost\b|\[::1\])/;

const workerLine = ({ room_id, token }: NewInvitation, url: string): string => {
  const place = room_id === GLOBAL_ROOM ? "--public" : `--room ${quoteShellWord(room_id)}`;
  return `JOBLIB_URL=${quoteShellWord(url)} JOBLIB_TOKEN=${token} npx joblib worker ./extensions.ts ${place}`;
};

/** The line is the output; what it is good for stands on stderr. */
export const invite: CommandHandler<ClientContext, InviteOptions> = async (
  { io, client, signal },
  { room: room_id, job: jobs, expires, note },
) => {
  const body = {
    ...(jobs !== undefined && { jobs }),
    ...(expires !== undefined && { expires_in_seconds: expires }),
    ...(note !== undefined && { note }),
  };
  const { body: made } = await client.call("createInvitation", { params: { room_id }, body }, { signal });
  io.result(made, (safe) => workerLine(safe, client.url));
  if (io.json) return EXIT.fine;
  const what = made.jobs === null ? "any job" : made.jobs.join(", ");
  io.note(`for ${what} in ${made.room_id}, until ${made.expires_at}`, "dim");
  io.note(`take it back: joblib rooms revoke ${made.id}`, "dim");
  if (LOOPBACK.test(client.url)) {
    io.note(`${client.url} is this machine alone: give --url the address that others reach it by`, "bad");
  }
  return EXIT.fine;
};
