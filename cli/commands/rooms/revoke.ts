import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { IdOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";

export function revokeCommand(tools: Tools) {
  return new Command("revoke")
    .description(
      "Revoke an invitation: its token becomes invalid, the workers that use the token are removed, and their tasks are requeued or fail. Only the creator of the invitation and admins can revoke it.",
    )
    .argument("<id>", "invitation id")
    .addHelpText("after", "\nExample:\n  $ joblib rooms revoke 0198f4a2-7c1e-7bb1-9d0e-2f1a6c3b5d47")
    .action(clientAction(tools, IdOptions, revoke));
}

/** Revokes an invitation. Revoking the same invitation again has no effect. */
export async function revoke({ io, client, signal }: ClientContext, { id }: IdOptions): Promise<ExitCode> {
  const revoked = await client.invitations.revoke(id, { signal });
  io.printResult(revoked, (invitation) => `revoked ${invitation.id}`);
  return EXIT.ok;
}
