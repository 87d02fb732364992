import { Command } from "commander";
import * as z from "zod";
import { onClient } from "../action.ts";
import { examine } from "../doctor/examine.ts";
import { type Finding, failed, fine, type Probe, wordsOf } from "../doctor/finding.ts";
import { EXIT } from "../exit-codes.ts";
import type { Io } from "../io.ts";
import { seconds, text } from "../options.ts";
import { migrateOwn } from "../own-database.ts";
import { oneRoom } from "../room.ts";
import { visibleLine } from "../sanitize.ts";
import { readSettings } from "../start-server.ts";
import type { ClientContext, Run, Tools } from "../tools.ts";
import { wrap } from "../wrap.ts";

/** As long as the longest of most proxies' defaults that a worker would meet. */
const HOLD_SECONDS = 30;
/** As long as a server holds an answer unless it was told otherwise. */
const LONG_SECONDS = 60;

const DoctorOptions = z.object({
  long: z.union([z.literal(true), seconds(1, 900)]).optional(),
  databaseUrl: text.optional(),
});
/** What `doctor` is asked. */
export type DoctorOptions = z.infer<typeof DoctorOptions>;

/** `joblib doctor`. */
export const doctorCommand = (tools: Tools, run: Run<ClientContext, DoctorOptions> = diagnose) =>
  new Command("doctor")
    .description(
      "Look at everything between here and the server's database that a worker depends on: the server and its version, the clocks, the token and its rooms, the database and its migrations, the bus, and how long a request that waits and a stream of events survive the proxies between.",
    )
    .option(
      "--long [seconds]",
      `hold the request for so long, ${LONG_SECONDS} s without a number, instead of ${HOLD_SECONDS}`,
    )
    .option("--database-url <url>", "look at this PostgreSQL from here too: JOBLIB_DATABASE_URL")
    .addHelpText(
      "after",
      `
It needs no database: run it where the worker runs. --room says whose rights
and events are looked at. The exit code is 1 where something is wrong (✗), and
0 where nothing is, or may become so (!).

Examples:
  $ joblib doctor
  $ joblib doctor --room lab --long --json | jq -e .ok`,
    )
    .action(onClient(tools, DoctorOptions, run));

/** Tells what was found, a line each as it is found. */
export const diagnose: Run<ClientContext, DoctorOptions> = async (context, { long, databaseUrl }) => {
  const { io, client, global, env, fetch, version, signal } = context;
  const room = oneRoom(global.room);
  const probe: Probe = { client, fetch, version, signal, room, token: global.token };
  const findings: Finding[] = [];
  const spinner = await io.spinner("looking");
  const found = (finding: Finding) => {
    findings.push(finding);
    if (io.json) return;
    spinner.stop();
    io.line(finding, findingText(finding, io));
    spinner.start();
  };
  try {
    const url = databaseUrl ?? (env["JOBLIB_DATABASE_URL"]?.trim() || undefined);
    if (url !== undefined) found(await ownDatabase(url));
    const hold = long === true ? LONG_SECONDS : (long ?? HOLD_SECONDS);
    await examine(probe, { hold, found, begins: (what) => spinner.say(what) });
  } finally {
    spinner.stop();
  }
  const isWell = findings.every(({ status }) => status !== "failed");
  if (io.json) io.result({ ok: isWell, findings }, () => "");
  return isWell ? EXIT.fine : EXIT.taskFailed;
};

const ownDatabase = async (databaseUrl: string): Promise<Finding> => {
  const check = "own database";
  try {
    const pending = await migrateOwn(await readSettings({}, { databaseUrl }), true);
    return pending.length === 0
      ? fine(check, "reached from here, no migrations pending")
      : failed(check, `${pending.length} migration(s) pending: ${pending.join(", ")}`, "`joblib migrate`");
  } catch (error) {
    return failed(check, wordsOf(error), "is JOBLIB_DATABASE_URL right, and does the database run?");
  }
};

const MARKS = { ok: "✓", warning: "!", failed: "✗" } as const;
const NAME_WIDTH = 14;
const INDENT = " ".repeat(NAME_WIDTH + 2);

const findingText = ({ check, status, detail, advice }: Finding, io: Io): string => {
  const paint = { ok: io.paint.green, warning: io.paint.yellow, failed: io.paint.red }[status];
  const width = (io.width ?? Number.POSITIVE_INFINITY) - INDENT.length;
  const inner = (text: string) => wrap(text, width).replaceAll("\n", `\n${INDENT}`);
  const lines = [
    `${paint(MARKS[status])} ${check.padEnd(NAME_WIDTH)}${inner(visibleLine(detail))}`,
    ...(advice === undefined ? [] : [`${INDENT}${io.paint.dim(inner(`→ ${visibleLine(advice)}`))}`]),
  ];
  return lines.join("\n");
};
