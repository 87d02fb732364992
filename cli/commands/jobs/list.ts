import { Command } from "commander";
import * as z from "zod";
import type { Job } from "../../../protocol/job.ts";
import { GLOBAL_ROOM } from "../../../protocol/room.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { pageOptions } from "../../options.ts";
import { getSingleRoom } from "../../room.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";

const ListOptions = z.object(pageOptions);
/** The options of `jobs list`. */
export type ListOptions = z.infer<typeof ListOptions>;

/** `joblib jobs list`. */
export const listCommand = (tools: Tools, run: CommandHandler<ClientContext, ListOptions> = listJobs) =>
  new Command("list")
    .description(
      "List the jobs that can be submitted in a room: its own and the global ones. The room is --room or JOBLIB_ROOM, otherwise @global.",
    )
    .option("--limit <n>", "maximum number of items, 0 to 500 (default: 50)")
    .option("--offset <n>", "number of items to skip (default: 0)")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib jobs list --room lab
  $ joblib jobs list --json | jq -r '.items[].full_name'`,
    )
    .action(clientAction(tools, ListOptions, run));

/** Prints a page of the jobs that are available in a room. */
export const listJobs: CommandHandler<ClientContext, ListOptions> = async (
  { io, client, global, signal },
  query,
) => {
  const room_id = getSingleRoom(global.room) ?? GLOBAL_ROOM;
  const page = await client.jobs.list(room_id, query, { signal });
  showPage(io, page, { columns, emptyText: `no jobs in ${room_id}; start a worker to register some` });
  return EXIT.ok;
};

const columns: Column<Job>[] = [
  { heading: "JOB", cell: ({ full_name }) => full_name },
  { heading: "WORKERS", cell: ({ workers }) => String(workers.length) },
  { heading: "PENDING", cell: ({ pending }) => String(pending) },
  { heading: "DESCRIPTION", cell: ({ description }) => description ?? "", flexible: true },
];
