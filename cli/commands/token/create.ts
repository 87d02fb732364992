import { Command } from "commander";
import * as z from "zod";
import { localAction } from "../../action.ts";
import { UsageError } from "../../errors.ts";
import { EXIT } from "../../exit-codes.ts";
import { Room } from "../../global-options.ts";
import { Duration, text } from "../../options.ts";
import { readSettings } from "../../start-server.ts";
import type { CommandHandler, LocalContext, Tools } from "../../tools.ts";

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
/** What `token create` is asked. */
export type CreateOptions = z.infer<typeof CreateOptions>;

/** `joblib token create`. */
export const createCommand = (tools: Tools, run: CommandHandler<LocalContext, CreateOptions> = createToken) =>
  new Command("create")
    .description("Sign a token with the server's JOBLIB_JWT_SECRET; whoever bears it is that user.")
    .requiredOption("--sub <user>", "the user's id")
    .option("--admin", "may do everything, register in @global included")
    .option("--rooms <rooms>", "the rooms that it opens, with commas between them, or '*' for all")
    .option("--expires <time>", "30d, 12h, 15m or seconds; without it the token never expires")
    .addHelpText(
      "after",
      `
Examples:
  $ export JOBLIB_JWT_SECRET=$(openssl rand -hex 32)
  $ joblib token create --sub ada --rooms lab,office --expires 30d
  $ export JOBLIB_TOKEN=$(joblib token create --sub worker-1 --admin)`,
    )
    .action(localAction(tools, CreateOptions, run));

/** Prints a token. */
export const createToken: CommandHandler<LocalContext, CreateOptions> = async ({ io, env }, options) => {
  const { jwt_secret: secret } = await readSettings(env, {});
  if (secret === undefined) throw new UsageError("set JOBLIB_JWT_SECRET to the server's secret first");
  const { sub, admin, rooms, expires } = options;
  const { createToken: sign } = await import("../../../server/auth/create-token.ts");
  const token = await sign(secret, {
    sub,
    admin,
    ...(rooms === undefined ? {} : { rooms }),
    ...(expires === undefined ? {} : { expiresInSeconds: expires }),
  });
  io.result({ token }, (made) => made.token);
  return EXIT.fine;
};
