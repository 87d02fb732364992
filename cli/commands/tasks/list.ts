import { Command } from "commander";
import * as z from "zod";
import { GLOBAL_ROOM } from "../../../protocol/room.ts";
import type { Task } from "../../../protocol/task.ts";
import { onClient } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import type { Io } from "../../io.ts";
import { pageOptions, Status } from "../../options.ts";
import { oneRoom } from "../../room.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, Run, Tools } from "../../tools.ts";
import { age } from "../../views/duration.ts";
import { showPage } from "../../views/page-view.ts";
import { paintStatus, progressText } from "../../views/task-view.ts";

const ListOptions = z.object({ ...pageOptions, status: Status.optional() });
/** What `tasks list` is asked. */
export type ListOptions = z.infer<typeof ListOptions>;

/** `joblib tasks list`. */
export const listCommand = (tools: Tools, run: Run<ClientContext, ListOptions> = listTasks) =>
  new Command("list")
    .description(
      "List the tasks of a room, newest first. The room is --room or JOBLIB_ROOM, otherwise @global.",
    )
    .option(
      "--status <status>",
      "only those that stand there: pending, claimed, running, completed, failed or cancelled",
    )
    .option("--limit <n>", "how many, 0 to 500 (50)")
    .option("--offset <n>", "how many to leave out (0)")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib tasks list --room lab --status failed
  $ joblib tasks list --json --limit 500 | jq -r '.items[] | select(.runs > 1) | .id'`,
    )
    .action(onClient(tools, ListOptions, run));

/** Prints one page of a room's tasks. */
export const listTasks: Run<ClientContext, ListOptions> = async ({ io, client, global, signal }, options) => {
  const room_id = oneRoom(global.room) ?? GLOBAL_ROOM;
  const { limit, offset, status } = options;
  const query = { limit, offset, ...(status === undefined ? {} : { status }) };
  const { body } = await client.call("listRoomTasks", { params: { room_id }, query }, { signal });
  showPage(io, body, { columns: columns(io), nothing: `no tasks in ${room_id}` });
  return EXIT.fine;
};

const columns = (io: Io): Column<Task>[] => [
  { heading: "ID", cell: ({ id }) => id },
  {
    heading: "STATUS",
    cell: ({ status }) => status,
    paint: (text, { status }) => paintStatus(io.paint, status, text),
  },
  // A terminal has no room for both a time and a job's name; a pipe is cut nowhere.
  io.width === undefined
    ? { heading: "CREATED", cell: ({ created_at }) => created_at }
    : { heading: "AGE", cell: ({ created_at }) => age(Date.now() - Date.parse(created_at)) },
  { heading: "JOB", cell: ({ job_name }) => job_name, flexible: true, cutAt: "start" },
  { heading: "DETAIL", cell: ({ progress, error }) => error ?? progressText(progress), flexible: true },
];
