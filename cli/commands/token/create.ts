import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../../action.ts";
import { Room } from "../../connect/global-options.ts";
import { Duration, text } from "../../connect/options.ts";
import { readSettings } from "../../connect/start-server.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import { UsageError } from "../../io/errors.ts";
import type { LocalContext, Tools } from "../../tools.ts";

const Rooms = z.union([
  z.literal("*"),
  z
    .string()
    .transform((text) => text.split(",").map((room) => room.trim()))
    .pipe(z.array(Room)),
]);

const CreateOptions = z.object({
  sub: text.max(255, { error: "must be at most 255 characters" }),
  admin: z.boolean().default(false),
  rooms: Rooms.optional(),
  expires: Duration.optional(),
});
type CreateOptions = z.infer<typeof CreateOptions>;

export function createCommand(tools: Tools) {
  return new Command("create")
    .description(
      "Create a token, signed with the JOBLIB_JWT_SECRET of the server. Requests with this token act as the given user.",
    )
    .requiredOption("--sub <user>", "user id (the JWT claim `sub`)")
    .option("--admin", "grant admin access, including registering jobs in @global")
    .option(
      "--rooms <rooms>",
      "rooms to grant access to (not --room), separated by commas, or '*' for all; without --rooms and --admin, the token can only read @global",
    )
    .option("--expires <time>", "lifetime, such as 30d, 12h, 15m or 3600 (seconds; default: never expires)")
    .addHelpText(
      "after",
      `
Examples:
  $ export JOBLIB_JWT_SECRET=$(openssl rand -hex 32)
  $ joblib token create --sub ada --rooms lab,office --expires 30d
  $ export JOBLIB_TOKEN=$(joblib token create --sub worker-1 --admin)`,
    )
    .action(localAction(tools, CreateOptions, createToken));
}

export async function createToken({ io, env }: LocalContext, options: CreateOptions): Promise<ExitCode> {
  const { jwt_secret: secret } = await readSettings(env, {});
  if (secret === undefined)
    throw new UsageError("JOBLIB_JWT_SECRET is not set. Set it to the secret of the server.");
  const { sub, admin, rooms, expires } = options;
  const { createToken: sign } = await import("../../../server/auth/create-token.ts");
  const token = await sign(secret, {
    sub,
    admin,
    ...(rooms === undefined ? {} : { rooms }),
    ...(expires === undefined ? {} : { expiresInSeconds: expires }),
  });
  io.printResult({ token }, (created) => created.token);
  return EXIT.ok;
}
