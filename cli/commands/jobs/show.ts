import { Command } from "commander";
import * as z from "zod";
import type { Job } from "../../../protocol/jobs.ts";
import { clientAction } from "../../action.ts";
import { getJobRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Io } from "../../io/output.ts";
import { escapeLine } from "../../io/sanitize.ts";
import { type Column, formatTable } from "../../io/table.ts";
import { wrap } from "../../io/text-width.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { formatType, getPropertyRows, type PropertyRow } from "../../views/schema-view.ts";
import { formatCount, joinParts } from "../../views/units.ts";

const ShowOptions = z.object({ job: z.string() });
type ShowOptions = z.infer<typeof ShowOptions>;

export function showCommand(tools: Tools) {
  return new Command("show")
    .description("Show a job: its parameters with types and defaults, its workers, and its pending tasks.")
    .argument("<job>", "full name of the job, such as public:modifiers:Rotate")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib jobs show public:modifiers:Rotate
  $ joblib jobs show lab:modifiers:Rotate --json | jq .schema`,
    )
    .action(clientAction(tools, ShowOptions, showJob));
}

export async function showJob(
  { io, client, global, signal }: ClientContext,
  { job }: ShowOptions,
): Promise<ExitCode> {
  const found = await client.jobs.get(getJobRoom(job, global.room), job, { signal });
  io.printResult(found, (safe) => formatJob(safe, io));
  return EXIT.ok;
}

const columns: Column<PropertyRow>[] = [
  { heading: "PARAMETER", cell: ({ name }) => name },
  { heading: "TYPE", cell: ({ type }) => type, flexible: true },
  { heading: "REQUIRED", cell: ({ required }) => (required ? "yes" : "no") },
  { heading: "DEFAULT", cell: ({ defaultValue }) => defaultValue, flexible: true },
  { heading: "DESCRIPTION", cell: ({ description }) => description, flexible: true },
];

function formatJob(job: Job, io: Io): string {
  const rows = getPropertyRows(job.schema);
  const defaults = Object.entries(job.defaults).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  const rowsText =
    rows.length === 0
      ? `payload: ${formatType(job.schema)}`
      : formatTable(rows, columns, { width: io.width, heading: io.paint.bold });
  const blocks = [
    [io.paint.bold(escapeLine(job.full_name)), job.description ?? ""],
    [
      `room ${escapeLine(job.room_id)}, ${formatCount(job.workers.length, "worker")} online, ${formatCount(job.pending, "pending task")}, registered ${job.created_at}`,
      defaults.length === 0 ? "" : `default task options: ${defaults.join(", ")}`,
      job.fairness === "room" ? "tasks of different rooms alternate" : "",
    ],
    [rowsText],
    [job.result_schema === null ? "" : `result: ${formatType(job.result_schema)}`],
  ];
  const wrapText = (line: string) =>
    line === rowsText || io.width === undefined ? line : wrap(line, io.width, "  ");
  return joinParts(
    blocks.map((lines) => joinParts(lines.map(wrapText), "\n")),
    "\n\n",
  );
}
