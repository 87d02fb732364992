import { Command } from "commander";
import type { Job } from "../../../protocol/jobs.ts";
import { clientAction } from "../../action.ts";
import { addPageOptions, PageOptions } from "../../connect/options.ts";
import { getRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Column } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";

export function listCommand(tools: Tools) {
  return addPageOptions(
    new Command("list").description(
      "List the jobs that are visible in a room: its own jobs and the public jobs. The room is --room or JOBLIB_ROOM, otherwise @global.",
    ),
  )
    .addHelpText(
      "after",
      `
Examples:
  $ joblib jobs list --room lab
  $ joblib jobs list --json | jq -r '.items[].full_name'`,
    )
    .action(clientAction(tools, PageOptions, listJobs));
}

export async function listJobs(
  { io, client, global, signal }: ClientContext,
  query: PageOptions,
): Promise<ExitCode> {
  const room_id = getRoom(undefined, global.room);
  const page = await client.jobs.list(room_id, query, { signal });
  showPage(io, page, { columns, emptyText: `no jobs in ${room_id}; start a worker to register some` });
  return EXIT.ok;
}

const columns: Column<Job>[] = [
  { heading: "JOB", cell: ({ full_name }) => full_name },
  { heading: "WORKERS", cell: ({ workers }) => String(workers.length) },
  { heading: "PENDING", cell: ({ pending }) => String(pending) },
  { heading: "DESCRIPTION", cell: ({ description }) => description ?? "", flexible: true },
];
