import { Command } from "commander";
import type { Worker } from "../../../protocol/workers.ts";
import { clientAction } from "../../action.ts";
import { addPageOptions, PageOptions } from "../../connect/options.ts";
import { getSingleRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Io } from "../../io/output.ts";
import type { Column } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";
import { formatAge } from "../../views/units.ts";

export function listCommand(tools: Tools) {
  return addPageOptions(
    new Command("list").description(
      "List the workers of a room (--room or JOBLIB_ROOM). Without a room, list your own workers; admins see all workers.",
    ),
  )
    .addHelpText("after", "\nExample:\n  $ joblib workers list --room lab")
    .action(clientAction(tools, PageOptions, listWorkers));
}

export async function listWorkers(
  { io, client, global, signal }: ClientContext,
  query: PageOptions,
): Promise<ExitCode> {
  const room_id = getSingleRoom(global.room);
  const page =
    room_id === undefined
      ? await client.workers.list(query, { signal })
      : await client.workers.listInRoom(room_id, query, { signal });
  const emptyText = room_id === undefined ? "no workers" : `no workers in ${room_id}`;
  showPage(io, page, { columns: createColumns(io), emptyText });
  return EXIT.ok;
}

function createColumns(io: Io): Column<Worker>[] {
  return [
    { heading: "ID", cell: ({ id }) => id },
    {
      heading: "STATUS",
      cell: ({ online, draining }) => (!online ? "offline" : draining ? "draining" : "online"),
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
}
