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
/** The options of `rooms invites`. */
export type InvitesOptions = z.infer<typeof InvitesOptions>;

/** `joblib rooms invites [room]`. */
export const invitesCommand = (
  tools: Tools,
  run: CommandHandler<ClientContext, InvitesOptions> = listInvites,
) =>
  new Command("invites")
    .description(
      "List the invitations of a room, newest first. Tokens are not shown: they are printed only when an invitation is created.",
    )
    .argument("[room]", "room id (default: --room or JOBLIB_ROOM)")
    .option("--limit <n>", "maximum number of items, 0 to 500 (default: 50)")
    .option("--offset <n>", "number of items to skip (default: 0)")
    .addHelpText("after", "\nExample:\n  $ joblib rooms invites lab")
    .action(clientAction(tools, InvitesOptions, run));

/** Prints a page of invitations. */
export const listInvites: CommandHandler<ClientContext, InvitesOptions> = async (
  { io, client, global, signal },
  { room, ...query },
) => {
  const room_id = getRoom(room, global.room);
  const page = await client.invitations.list(room_id, query, { signal });
  showPage(io, page, { columns: createColumns(io, Date.now()), emptyText: `no invitations to ${room_id}` });
  return EXIT.ok;
};

const getState = ({ revoked_at, expires_at }: Invitation, now: number): string => {
  if (revoked_at !== null) return "revoked";
  return Date.parse(expires_at) <= now ? "expired" : "valid";
};

const formatExpiry = (remaining: number) =>
  remaining > 0 ? `in ${formatAge(remaining)}` : `${formatAge(-remaining)} ago`;

const createColumns = (io: Io, now: number): Column<Invitation>[] => [
  { heading: "ID", cell: ({ id }) => id },
  { heading: "STATE", cell: (invitation) => getState(invitation, now) },
  // A terminal is too narrow for a timestamp.
  io.width === undefined
    ? { heading: "EXPIRES", cell: ({ expires_at }) => expires_at }
    : { heading: "EXPIRES", cell: ({ expires_at }) => formatExpiry(Date.parse(expires_at) - now) },
  { heading: "JOBS", cell: ({ jobs }) => jobs?.join(", ") ?? "any", flexible: true },
  { heading: "BY", cell: ({ created_by_id }) => created_by_id, flexible: true },
  { heading: "NOTE", cell: ({ note }) => note ?? "", flexible: true },
];
