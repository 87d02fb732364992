import { Command } from "commander";
import * as z from "zod";
import type { Worker } from "../../../protocol/worker.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import type { Io } from "../../io.ts";
import { pageOptions } from "../../options.ts";
import { getSingleRoom } from "../../room.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatAge } from "../../views/duration.ts";
import { showPage } from "../../views/page-view.ts";

const ListOptions = z.object(pageOptions);
/** The options of `workers list`. */
export type ListOptions = z.infer<typeof ListOptions>;

/** `joblib workers list`. */
export const listCommand = (tools: Tools, run: CommandHandler<ClientContext, ListOptions> = listWorkers) =>
  new Command("list")
    .description(
      "List the workers of a room (--room or JOBLIB_ROOM). Without a room, list your own workers; admins see all of them.",
    )
    .option("--limit <n>", "maximum number of items, 0 to 500 (default: 50)")
    .option("--offset <n>", "number of items to skip (default: 0)")
    .addHelpText("after", "\nExample:\n  $ joblib workers list --room lab")
    .action(clientAction(tools, ListOptions, run));

/** Prints a page of workers. */
export const listWorkers: CommandHandler<ClientContext, ListOptions> = async (
  { io, client, global, signal },
  query,
) => {
  const room_id = getSingleRoom(global.room);
  const page =
    room_id === undefined
      ? await client.workers.list(query, { signal })
      : await client.workers.listInRoom(room_id, query, { signal });
  const emptyText = room_id === undefined ? "no workers" : `no workers in ${room_id}`;
  showPage(io, page, { columns: createColumns(io), emptyText });
  return EXIT.ok;
};

const createColumns = (io: Io): Column<Worker>[] => [
  { heading: "ID", cell: ({ id }) => id },
  {
    heading: "STATUS",
    cell: ({ alive, draining }) => (!alive ? "offline" : draining ? "draining" : "online"),
  },
  { heading: "JOBS", cell: ({ job_count }) => String(job_count) },
  { heading: "TASKS", cell: ({ task_count }) => String(task_count) },
  // A terminal is too narrow for a timestamp and a name.
  io.width === undefined
    ? { heading: "LAST HEARTBEAT", cell: ({ last_heartbeat }) => last_heartbeat }
    : {
        heading: "HEARTBEAT",
        cell: ({ last_heartbeat }) => `${formatAge(Date.now() - Date.parse(last_heartbeat))} ago`,
      },
  { heading: "NAME", cell: ({ name }) => name ?? "", flexible: true },
];
