import { Command } from "commander";
import type { RoomSummary } from "../../../protocol/rooms.ts";
import { clientAction } from "../../action.ts";
import { addPageOptions, PageOptions } from "../../connect/options.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Column } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";

export function listCommand(tools: Tools) {
  return addPageOptions(
    new Command("list").description(
      "List the rooms that you can read, @global first, with the number of jobs, workers and tasks in each. If your token allows all rooms, the list contains only rooms with jobs or tasks.",
    ),
  )
    .addHelpText("after", "\nExample:\n  $ joblib rooms list")
    .action(clientAction(tools, PageOptions, listRooms));
}

export async function listRooms(
  { io, client, signal }: ClientContext,
  query: PageOptions,
): Promise<ExitCode> {
  const page = await client.rooms.list(query, { signal });
  showPage(io, page, { columns, emptyText: "no rooms" });
  return EXIT.ok;
}

const columns: Column<RoomSummary>[] = [
  { heading: "ROOM", cell: ({ room_id }) => room_id, flexible: true },
  { heading: "JOBS", cell: ({ jobs }) => String(jobs) },
  { heading: "WORKERS", cell: ({ workers }) => String(workers) },
  { heading: "PENDING", cell: ({ pending }) => String(pending) },
  { heading: "RUNNING", cell: ({ running }) => String(running) },
];
