import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { PathId } from "../../options.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const RevokeOptions = z.object({ id: PathId });
/** What `rooms revoke` is asked. */
export type RevokeOptions = z.infer<typeof RevokeOptions>;

/** `joblib rooms revoke <id>`. */
export const revokeCommand = (tools: Tools, run: CommandHandler<ClientContext, RevokeOptions> = revoke) =>
  new Command("revoke")
    .description(
      "Take an invitation back, by who made it or an admin: its token opens nothing any more, and what its workers held is offered again.",
    )
    .argument("<id>", "the invitation's id")
    .addHelpText("after", "\nExample:\n  $ joblib rooms revoke 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, RevokeOptions, run));

/** Revokes; a second time changes nothing. */
export const revoke: CommandHandler<ClientContext, RevokeOptions> = async (
  { io, client, signal },
  { id },
) => {
  const { body } = await client.call("revokeInvitation", { params: { invitation_id: id } }, { signal });
  io.result(body, (invitation) => `revoked ${invitation.id}`);
  return EXIT.fine;
};
