import { Command } from "commander";
import * as z from "zod";
import { MAX_COUNTED } from "../../../protocol/page.ts";
import type { TaskPage } from "../../../protocol/tasks/list.ts";
import type { Task } from "../../../protocol/tasks/task.ts";
import { clientAction } from "../../action.ts";
import { addPageOptions, pageOptions, Statuses, text } from "../../connect/options.ts";
import { getRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { Io } from "../../io/output.ts";
import type { Column } from "../../io/table.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";
import { formatProgress, paintStatus } from "../../views/task-view.ts";
import { formatAge } from "../../views/units.ts";

const ListOptions = z.object({
  ...pageOptions,
  after: text.optional(),
  status: Statuses.optional(),
  job: text.optional(),
  createdBy: text.optional(),
  search: text.max(200, { error: "must be at most 200 characters" }).optional(),
});
type ListOptions = z.infer<typeof ListOptions>;

export function listCommand(tools: Tools) {
  return addPageOptions(
    new Command("list")
      .description(
        "List the tasks of a room, newest first. The room is --room or JOBLIB_ROOM, otherwise @global.",
      )
      .option(
        "--status <status>",
        "only tasks with this status: pending, claimed, running, completed, failed or cancelled; separate several with commas",
      )
      .option("--job <name>", "only tasks of this job (full name, such as public:modifiers:Rotate)")
      .option("--created-by <user>", "only tasks with this submitter (user id)")
      .option(
        "--search <text>",
        "only tasks with this text in the error or the first 8 KiB of the payload, or at the start of the id; searches the newest 10,000 tasks",
      ),
  )
    .option("--after <id>", "only tasks older than this one: the next page after it")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib tasks list --room lab --status failed,cancelled --search memory
  $ joblib tasks list --json | jq -r '.items[] | select(.runs > 1) | .id'`,
    )
    .action(clientAction(tools, ListOptions, listTasks));
}

export async function listTasks(
  { io, client, global, signal }: ClientContext,
  options: ListOptions,
): Promise<ExitCode> {
  const room_id = getRoom(undefined, global.room);
  const { createdBy: created_by, search: q, ...rest } = options;
  const query = { ...rest, created_by, q };
  const page = await client.tasks.list(room_id, query, { signal });
  const nextPage = getNextPage(page, options.after);
  showPage(io, page, { columns: createColumns(io), emptyText: `no tasks in ${room_id}`, nextPage });
  if (typeof page.searched_to === "string" && !io.json) {
    io.printNote(`older tasks were not searched; continue with --after ${page.searched_to}`, "dim");
  }
  return EXIT.ok;
}

/**
 * Returns `--after <id>` for the next page, undefined if `--offset` selects it, or null if there is
 * no next page to suggest. If the server stopped counting at `MAX_COUNTED` tasks, the total is not
 * known, so `--after` is used.
 */
function getNextPage(
  { items, limit, total, searched_to }: TaskPage,
  after: string | undefined,
): string | null | undefined {
  if (typeof searched_to === "string") return null;
  if (after === undefined && total < MAX_COUNTED) return undefined;
  return items.length < limit ? null : `--after ${items.at(-1)?.id}`;
}

function createColumns(io: Io): Column<Task>[] {
  return [
    { heading: "ID", cell: ({ id }) => id },
    {
      heading: "STATUS",
      cell: ({ status }) => status,
      paint: (text, { status }) => paintStatus(io.paint, status, text),
    },
    // A terminal is too narrow for a timestamp and a job name. The output to a pipe has no limit.
    io.width === undefined
      ? { heading: "CREATED", cell: ({ created_at }) => created_at }
      : { heading: "AGE", cell: ({ created_at }) => formatAge(Date.now() - Date.parse(created_at)) },
    { heading: "JOB", cell: ({ job_name }) => job_name, flexible: true, truncateAt: "start" },
    { heading: "DETAIL", cell: ({ progress, error }) => error ?? formatProgress(progress), flexible: true },
  ];
}
