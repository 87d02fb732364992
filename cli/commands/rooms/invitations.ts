import { Command } from "commander";
import * as z from "zod";
import type { Invitation } from "../../../protocol/invitations.ts";
import { clientAction } from "../../action.ts";
import { Room } from "../../connect/global-options.ts";
import { addPageOptions, pageOptions } from "../../connect/options.ts";
import { getRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Io } from "../../io/output.ts";
import type { Column } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";
import { formatAge } from "../../views/units.ts";

const InvitationsOptions = z.object({ room: Room.optional(), ...pageOptions });
type InvitationsOptions = z.infer<typeof InvitationsOptions>;

export function invitationsCommand(tools: Tools) {
  return addPageOptions(
    new Command("invitations")
      .description(
        "List the invitations of a room, newest first. Tokens are not shown: they are printed only when an invitation is created.",
      )
      .argument("[room]", "room id (default: --room or JOBLIB_ROOM)"),
  )
    .addHelpText("after", "\nExample:\n  $ joblib rooms invitations lab")
    .action(clientAction(tools, InvitationsOptions, listInvitations));
}

export async function listInvitations(
  { io, client, global, signal }: ClientContext,
  { room, ...query }: InvitationsOptions,
): Promise<ExitCode> {
  const room_id = getRoom(room, global.room);
  const { body } = await client.call("listInvitations", { params: { room_id }, query }, { signal });
  showPage(io, body, { columns: createColumns(io, Date.now()), emptyText: `no invitations for ${room_id}` });
  return EXIT.ok;
}

function getState({ revoked_at, expires_at }: Invitation, now: number): string {
  if (revoked_at !== null) return "revoked";
  return Date.parse(expires_at) <= now ? "expired" : "valid";
}

function formatExpiry(remaining: number) {
  return remaining > 0 ? `in ${formatAge(remaining)}` : `${formatAge(-remaining)} ago`;
}

function createColumns(io: Io, now: number): Column<Invitation>[] {
  return [
    { heading: "ID", cell: ({ id }) => id },
    { heading: "STATE", cell: (invitation) => getState(invitation, now) },
    // A terminal is too narrow for a timestamp, so it shows a relative time such as `in 3h`.
    io.width === undefined
      ? { heading: "EXPIRES", cell: ({ expires_at }) => expires_at }
      : { heading: "EXPIRES", cell: ({ expires_at }) => formatExpiry(Date.parse(expires_at) - now) },
    { heading: "JOBS", cell: ({ jobs }) => jobs?.join(", ") ?? "any", flexible: true },
    { heading: "BY", cell: ({ created_by_id }) => created_by_id, flexible: true },
    { heading: "NOTE", cell: ({ note }) => note ?? "", flexible: true },
  ];
}
