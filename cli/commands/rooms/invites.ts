import { Command } from "commander";
import * as z from "zod";
import type { Invitation } from "../../../protocol/invitation.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { Room } from "../../global-options.ts";
import type { Io } from "../../io.ts";
import { pageOptions } from "../../options.ts";
import { getRoom } from "../../room.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatAge } from "../../views/duration.ts";
import { showPage } from "../../views/page-view.ts";

const InvitesOptions = z.object({ room: Room.optional(), ...pageOptions });
/** What `rooms invites` is asked. */
export type InvitesOptions = z.infer<typeof InvitesOptions>;

/** `joblib rooms invites [room]`. */
export const invitesCommand = (
  tools: Tools,
  run: CommandHandler<ClientContext, InvitesOptions> = listInvites,
) =>
  new Command("invites")
    .description("List a room's invitations, newest first; their tokens are told once, when they are made.")
    .argument("[room]", "the room; --room or JOBLIB_ROOM")
    .option("--limit <n>", "how many, 0 to 500 (50)")
    .option("--offset <n>", "how many to leave out (0)")
    .addHelpText("after", "\nExample:\n  $ joblib rooms invites lab")
    .action(clientAction(tools, InvitesOptions, run));

/** Prints one page of invitations. */
export const listInvites: CommandHandler<ClientContext, InvitesOptions> = async (
  { io, client, global, signal },
  { room, ...query },
) => {
  const room_id = getRoom(room, global.room);
  const { body } = await client.call("listInvitations", { params: { room_id }, query }, { signal });
  showPage(io, body, { columns: columns(io, Date.now()), nothing: `nobody was invited to ${room_id}` });
  return EXIT.fine;
};

const stateOf = ({ revoked_at, expires_at }: Invitation, now: number): string => {
  if (revoked_at !== null) return "revoked";
  return Date.parse(expires_at) <= now ? "over" : "open";
};

const endsText = (left: number) => (left > 0 ? `in ${formatAge(left)}` : `${formatAge(-left)} ago`);

const columns = (io: Io, now: number): Column<Invitation>[] => [
  { heading: "ID", cell: ({ id }) => id },
  { heading: "STATE", cell: (invitation) => stateOf(invitation, now) },
  // A terminal has no room for a time and all the rest.
  io.width === undefined
    ? { heading: "UNTIL", cell: ({ expires_at }) => expires_at }
    : { heading: "ENDS", cell: ({ expires_at }) => endsText(Date.parse(expires_at) - now) },
  { heading: "JOBS", cell: ({ jobs }) => jobs?.join(", ") ?? "any", flexible: true },
  { heading: "BY", cell: ({ created_by_id }) => created_by_id, flexible: true },
  { heading: "NOTE", cell: ({ note }) => note ?? "", flexible: true },
];
