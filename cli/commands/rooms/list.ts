import { Command } from "commander";
import * as z from "zod";
import type { RoomSummary } from "../../../protocol/room-summary.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import { pageOptions } from "../../options.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";

const ListOptions = z.object(pageOptions);
/** The options of `rooms list`. */
export type ListOptions = z.infer<typeof ListOptions>;

/** `joblib rooms list`. */
export const listCommand = (tools: Tools, run: CommandHandler<ClientContext, ListOptions> = listRooms) =>
  new Command("list")
    .description(
      "List the rooms that you can read, @global first, with their numbers of jobs, workers and tasks.",
    )
    .option("--limit <n>", "maximum number of items, 0 to 500 (default: 50)")
    .option("--offset <n>", "number of items to skip (default: 0)")
    .addHelpText("after", "\nExample:\n  $ joblib rooms list")
    .action(clientAction(tools, ListOptions, run));

/** Prints a page of rooms. */
export const listRooms: CommandHandler<ClientContext, ListOptions> = async (
  { io, client, signal },
  query,
) => {
  const page = await client.rooms.list(query, { signal });
  showPage(io, page, { columns, emptyText: "no rooms" });
  return EXIT.ok;
};

const columns: Column<RoomSummary>[] = [
  { heading: "ROOM", cell: ({ room_id }) => room_id, flexible: true },
  { heading: "JOBS", cell: ({ jobs }) => String(jobs) },
  { heading: "WORKERS", cell: ({ workers }) => String(workers) },
  { heading: "PENDING", cell: ({ pending }) => String(pending) },
  { heading: "RUNNING", cell: ({ running }) => String(running) },
];
