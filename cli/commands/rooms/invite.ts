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

/** `<category>:<name>`, or the full name of a job, whose prefix is ignored because the room is given. */
const JobKindOption = z
  .string()
  .transform((name) => name.split(":").slice(-2).join(":"))
  .pipe(JobKind);

const InviteOptions = z.object({
  room: Room,
  job: z.array(JobKindOption).optional(),
  expires: Duration.pipe(
    z
      .number()
      .min(60, { error: "must be at least 60 seconds" })
      .max(MAX_INVITATION_SECONDS, { error: "must be at most 30d" }),
  ).optional(),
  note: z.string().max(255, { error: "must be at most 255 characters" }).optional(),
});
/** The options of `rooms invite`. */
export type InviteOptions = z.infer<typeof InviteOptions>;

const collect = (value: string, values: string[] = []) => [...values, value];

/** `joblib rooms invite <room>`. */
export const inviteCommand = (tools: Tools, run: CommandHandler<ClientContext, InviteOptions> = invite) =>
  new Command("invite")
    .description(
      "Print a command that starts a worker on another machine. It contains a short-lived token for this room, which is limited to your own access and, with --job, to these jobs. You can revoke it. The server needs a JOBLIB_JWT_SECRET.",
    )
    .argument("<room>", "room id")
    .option("--job <category:name>", "allow only this job to be registered (repeatable)", collect)
    .option("--expires <time>", "lifetime, such as 30d, 12h, 15m or 3600 (default: 1d)")
    .option("--note <text>", "comment that `joblib rooms invites` shows")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib rooms invite lab --job modifiers:Rotate --expires 12h --note "Bob"
  $ joblib rooms invite lab --json | jq -r .token`,
    )
    .action(clientAction(tools, InviteOptions, run));

const LOOPBACK = /^https?:\/\/(127\.|localhost\b|\[::1\])/;

const formatWorkerCommand = ({ room_id, token }: NewInvitation, url: string): string => {
  const roomOption = room_id === GLOBAL_ROOM ? "--public" : `--room ${quoteShellWord(room_id)}`;
  return `JOBLIB_URL=${quoteShellWord(url)} JOBLIB_TOKEN=${token} npx joblib worker ./extensions.ts ${roomOption}`;
};

/** Prints the command to stdout, and details of the invitation to stderr. */
export const invite: CommandHandler<ClientContext, InviteOptions> = async (
  { io, client, signal },
  { room: room_id, job: jobs, expires, note },
) => {
  const body = {
    ...(jobs !== undefined && { jobs }),
    ...(expires !== undefined && { expires_in_seconds: expires }),
    ...(note !== undefined && { note }),
  };
  const invitation = await client.invitations.create(room_id, body, { signal });
  io.printResult(invitation, (safe) => formatWorkerCommand(safe, client.url));
  if (io.json) return EXIT.ok;
  const allowedJobs = invitation.jobs === null ? "any job" : invitation.jobs.join(", ");
  io.printNote(`valid for ${allowedJobs} in ${invitation.room_id} until ${invitation.expires_at}`, "dim");
  io.printNote(`to revoke it, run \`joblib rooms revoke ${invitation.id}\``, "dim");
  if (LOOPBACK.test(client.url)) {
    io.printNote(
      `${client.url} is not reachable from other machines; pass the public address of the server with --url`,
      "error",
    );
  }
  return EXIT.ok;
};
