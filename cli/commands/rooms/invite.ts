import { Command } from "commander";
import * as z from "zod";
import { JobKind, MAX_INVITATION_SECONDS, type NewInvitation } from "../../../protocol/invitations.ts";
import { GLOBAL_ROOM } from "../../../protocol/rooms.ts";
import { clientAction } from "../../action.ts";
import { Room } from "../../connect/global-options.ts";
import { collect } from "../../connect/option-values.ts";
import { Duration } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";

/**
 * A job as `<category>:<name>`. A full job name is also accepted; its room prefix is ignored,
 * because the argument `<room>` selects the room.
 */
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
type InviteOptions = z.infer<typeof InviteOptions>;

export function inviteCommand(tools: Tools) {
  return new Command("invite")
    .description(
      "Create an invitation, and print a command that starts a worker on another machine. The command contains a token for this room, which expires (--expires). The token grants at most your own permissions; with --job, workers with the token can register only jobs and providers with these names. Replace ./extensions.ts in the command with the file on that machine. To revoke the invitation, run `joblib rooms revoke <id>` (`joblib rooms invitations` lists the ids). The server needs a JOBLIB_JWT_SECRET.",
    )
    .argument("<room>", "room id")
    .option(
      "--job <category:name>",
      "allow workers to register only this job or provider (repeatable)",
      collect,
    )
    .option("--expires <time>", "lifetime, such as 30d, 12h, 15m or 3600 (seconds; default: 1d)")
    .option("--note <text>", "note for the list of invitations, such as the name of the invited person")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib rooms invite lab --job modifiers:Rotate --expires 12h --note "Bob"
  $ joblib rooms invite lab --json | jq -r .token`,
    )
    .action(clientAction(tools, InviteOptions, invite));
}

/** Matches a word that needs no quotes in a POSIX shell. */
const UNQUOTED = /^[\w@%+=:,./-]+$/;
const LOOPBACK = /^https?:\/\/(127\.|localhost\b|\[::1\])/;

/**
 * Creates an invitation. Prints the command that starts a worker to stdout, and the details of the
 * invitation to stderr.
 */
export async function invite(
  { io, client, signal }: ClientContext,
  { room: room_id, job: jobs, expires, note }: InviteOptions,
): Promise<ExitCode> {
  const body = {
    ...(jobs !== undefined && { jobs }),
    ...(expires !== undefined && { expires_in_seconds: expires }),
    ...(note !== undefined && { note }),
  };
  const invitation = await client.invitations.create(room_id, body, { signal });
  io.printResult(invitation, (safe) => formatWorkerCommand(safe, client.url));
  if (io.json) return EXIT.ok;
  const allowedJobs = invitation.jobs === null ? "any job" : invitation.jobs.join(", ");
  io.printNote(
    `the token is valid until ${invitation.expires_at}, for ${allowedJobs} in ${invitation.room_id}`,
    "dim",
  );
  io.printNote(`to revoke it, run \`joblib rooms revoke ${invitation.id}\``, "dim");
  if (LOOPBACK.test(client.url)) {
    io.printNote(
      `${client.url} is not reachable from other machines; pass the public address of the server with --url`,
      "error",
    );
  }
  return EXIT.ok;
}

function formatWorkerCommand({ room_id, token }: NewInvitation, url: string): string {
  const roomOption = room_id === GLOBAL_ROOM ? "--public" : `--room ${quoteShellWord(room_id)}`;
  return `JOBLIB_URL=${quoteShellWord(url)} JOBLIB_TOKEN=${token} npx joblib worker ./extensions.ts ${roomOption}`;
}

function quoteShellWord(word: string): string {
  return UNQUOTED.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
