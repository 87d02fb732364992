import { Command } from "commander";
import * as z from "zod";
import { clientAction } from "../action.ts";
import { seconds, text } from "../connect/options.ts";
import { getSingleRoom } from "../connect/room.ts";
import { readSettings, runMigrations } from "../connect/start-server.ts";
import { type CheckContext, type CheckResult, reportFailure, reportOk } from "../doctor/check-result.ts";
import { runChecks } from "../doctor/run-checks.ts";
import { describeConnection } from "../doctor/server-check.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { getMessage } from "../io/errors.ts";
import type { Io } from "../io/output.ts";
import { escapeLine } from "../io/sanitize.ts";
import { wrap } from "../io/text-width.ts";
import type { ClientContext, Tools } from "../tools.ts";

/**
 * Default time to keep the long poll and the event stream open. One second is enough to detect a
 * proxy that buffers responses, and short enough to run the command often.
 */
const OPEN_SECONDS = 1;
/**
 * Default of `--idle-check`. Most proxies and load balancers close connections that are idle for 60
 * s, and 60 s is also the default maximum duration of a server's long polls.
 */
const IDLE_CHECK_SECONDS = 60;

const DoctorOptions = z.object({
  idleCheck: z.union([z.literal(true), seconds(1, 900)]).optional(),
  databaseUrl: text.optional(),
});
type DoctorOptions = z.infer<typeof DoctorOptions>;

export function doctorCommand(tools: Tools) {
  return new Command("doctor")
    .description(
      "Check everything that a worker needs, from this machine to the server's database: the server and its version, encryption, clocks, the token and its rooms, the database and its migrations, the event bus (Redis, if several servers share a database), long polls and event streams.",
    )
    .option(
      "--idle-check [seconds]",
      `keep a long poll and an event stream open for this many seconds instead of ${OPEN_SECONDS}, to detect proxies that close idle connections (${IDLE_CHECK_SECONDS} if no number is given)`,
    )
    .option(
      "--database-url <url>",
      "also check this PostgreSQL database from this machine (env: JOBLIB_DATABASE_URL)",
    )
    .addHelpText(
      "after",
      `
Run it on the machine of the worker. --room selects the room whose event stream
is checked, and your access to it. The exit code is 1 if a check failed (✗);
warnings (!) do not change it.

Examples:
  $ joblib doctor
  $ joblib doctor --room lab --idle-check --json | jq -e .ok`,
    )
    .action(clientAction(tools, DoctorOptions, diagnose));
}

/** Runs the checks and prints each result as soon as it is known. */
export async function diagnose(
  context: ClientContext,
  { idleCheck, databaseUrl }: DoctorOptions,
): Promise<ExitCode> {
  const { io, client, global, env, version, signal } = context;
  const room = getSingleRoom(global.room);
  const checkContext: CheckContext = { client, version, signal, room, token: global.token };
  const results: CheckResult[] = [];
  const spinner = await io.startSpinner("checking");
  const report = (result: CheckResult) => {
    results.push(result);
    if (io.json) return;
    spinner.stop();
    io.printLine(result, formatCheckResult(result, io));
    spinner.start();
  };
  try {
    const url = databaseUrl ?? (env["JOBLIB_DATABASE_URL"]?.trim() || undefined);
    if (url !== undefined) report(await checkDirectDatabase(url));
    const openSeconds = idleCheck === true ? IDLE_CHECK_SECONDS : (idleCheck ?? OPEN_SECONDS);
    await runChecks(checkContext, {
      openSeconds,
      report,
      onProgress: (activity) => spinner.setText(activity),
    });
  } finally {
    spinner.stop();
  }
  const isOk = results.every(({ status }) => status !== "failed");
  if (io.json) io.printResult({ ok: isOk, findings: results }, () => "");
  return isOk ? EXIT.ok : EXIT.taskFailed;
}

async function checkDirectDatabase(databaseUrl: string): Promise<CheckResult> {
  const check = "database URL";
  try {
    const pending = await runMigrations(await readSettings({}, { databaseUrl }), true);
    const { getUrlSecurity } = await import("../../server/storage/sessions/orm-connection.ts");
    const connection = describeConnection(getUrlSecurity(databaseUrl));
    return pending.length === 0
      ? reportOk(check, `reachable from this machine${connection}, no pending migrations`)
      : reportFailure(check, `pending migrations: ${pending.join(", ")}`, "run `joblib migrate`");
  } catch (error) {
    return reportFailure(
      check,
      getMessage(error),
      "check JOBLIB_DATABASE_URL, and that the database is running",
    );
  }
}

const MARKS = { ok: "✓", warning: "!", failed: "✗" } as const;
const NAME_WIDTH = 14;
const INDENT = " ".repeat(NAME_WIDTH + 2);

function formatCheckResult({ check, status, detail, advice }: CheckResult, io: Io): string {
  const paint = { ok: io.paint.green, warning: io.paint.yellow, failed: io.paint.red }[status];
  const width = (io.width ?? Number.POSITIVE_INFINITY) - INDENT.length;
  const inner = (text: string) => wrap(text, width).replaceAll("\n", `\n${INDENT}`);
  const lines = [
    `${paint(MARKS[status])} ${check.padEnd(NAME_WIDTH)}${inner(escapeLine(detail))}`,
    ...(advice === undefined ? [] : [`${INDENT}${io.paint.dim(inner(`→ ${escapeLine(advice)}`))}`]),
  ];
  return lines.join("\n");
}
