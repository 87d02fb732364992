import { Command } from "commander";
import * as z from "zod";
import { MAX_COUNTED } from "../../../protocol/page.ts";
import { GLOBAL_ROOM } from "../../../protocol/room.ts";
import type { Task } from "../../../protocol/task.ts";
import type { TaskPage } from "../../../protocol/task-filter.ts";
import { clientAction } from "../../action.ts";
import { EXIT } from "../../exit-codes.ts";
import type { Io } from "../../io.ts";
import { Statuses, taskPageOptions, text } from "../../options.ts";
import { getSingleRoom } from "../../room.ts";
import type { Column } from "../../table.ts";
import type { ClientContext, CommandHandler, Tools } from "../../tools.ts";
import { formatAge } from "../../views/duration.ts";
import { showPage } from "../../views/page-view.ts";
import { formatProgress, paintStatus } from "../../views/task-view.ts";

const ListOptions = z.object({
  ...taskPageOptions,
  status: Statuses.optional(),
  job: text.optional(),
  createdBy: text.optional(),
  search: text.max(200, { error: "must be at most 200 characters" }).optional(),
});
/** What `tasks list` is asked. */
export type ListOptions = z.infer<typeof ListOptions>;

/** `joblib tasks list`. */
export const listCommand = (tools: Tools, run: CommandHandler<ClientContext, ListOptions> = listTasks) =>
  new Command("list")
    .description(
      "List the tasks of a room, newest first. The room is --room or JOBLIB_ROOM, otherwise @global.",
    )
    .option(
      "--status <status>",
      "only those that stand there: pending, claimed, running, completed, failed or cancelled; several by commas",
    )
    .option("--job <name>", "only those of a job: <prefix>:<category>:<name>")
    .option("--created-by <user>", "only those that this user submitted")
    .option(
      "--search <text>",
      "only those with this in the error or the payload, or with an id that begins so",
    )
    .option("--limit <n>", "how many, 0 to 500 (50)")
    .option("--offset <n>", "how many to leave out (0)")
    .option("--after <id>", "those that follow this task in the list")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib tasks list --room lab --status failed,cancelled --search memory
  $ joblib tasks list --json | jq -r '.items[] | select(.runs > 1) | .id'`,
    )
    .action(clientAction(tools, ListOptions, run));

/** Prints one page of a room's tasks. */
export const listTasks: CommandHandler<ClientContext, ListOptions> = async (
  { io, client, global, signal },
  options,
) => {
  const room_id = getSingleRoom(global.room) ?? GLOBAL_ROOM;
  const { createdBy: created_by, search: q, ...rest } = options;
  const query = { ...rest, created_by, q };
  const { body } = await client.call("listRoomTasks", { params: { room_id }, query }, { signal });
  const more = moreOf(body, options.after);
  showPage(io, body, { columns: columns(io), nothing: `no tasks in ${room_id}`, more });
  if (typeof body.searched_to === "string" && !io.json) {
    io.note(`older tasks were not looked at; look on with --after ${body.searched_to}`, "dim");
  }
  return EXIT.fine;
};

/** A list that is not counted to its end, or is read on, goes on behind the last task of this page. */
const moreOf = (
  { items, limit, total, searched_to }: TaskPage,
  after: string | undefined,
): string | null | undefined => {
  if (typeof searched_to === "string") return null;
  if (after === undefined && total < MAX_COUNTED) return undefined;
  return items.length < limit ? null : `--after ${items.at(-1)?.id}`;
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
    : { heading: "AGE", cell: ({ created_at }) => formatAge(Date.now() - Date.parse(created_at)) },
  { heading: "JOB", cell: ({ job_name }) => job_name, flexible: true, cutAt: "start" },
  { heading: "DETAIL", cell: ({ progress, error }) => error ?? formatProgress(progress), flexible: true },
];
