import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../../action.ts";
import { PathId } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";

const RevokeOptions = z.object({ id: PathId });
export type RevokeOptions = z.infer<typeof RevokeOptions>;

export function revokeCommand(tools: Tools, run: CommandHandler<ClientContext, RevokeOptions> = revoke) {
  return new Command("revoke")
    .description(
      "Revoke an invitation: its token becomes invalid, its workers are removed, and their tasks are requeued or fail. Only its creator and admins can revoke it.",
    )
    .argument("<id>", "invitation id")
    .addHelpText("after", "\nExample:\n  $ joblib rooms revoke 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, RevokeOptions, run));
}

/** Revokes an invitation. Revoking it again has no effect. */
export async function revoke(
  { io, client, signal }: ClientContext,
  { id }: RevokeOptions,
): Promise<ExitCode> {
  const revoked = await client.invitations.revoke(id, { signal });
  io.printResult(revoked, (invitation) => `revoked ${invitation.id}`);
  return EXIT.ok;
}
