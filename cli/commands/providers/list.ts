import { Command } from "commander";
import { clientAction } from "../../action.ts";
import { addPageOptions, PageOptions } from "../../connect/options.ts";
import { getRoom } from "../../connect/room.ts";
import { EXIT, type ExitCode } from "../../exit-codes.ts";
import type { ClientContext, Tools } from "../../tools.ts";
import { showPage } from "../../views/page-view.ts";

export function listCommand(tools: Tools) {
  return addPageOptions(
    new Command("list").description(
      "List the providers that are visible in a room (--room or JOBLIB_ROOM; default: @global).",
    ),
  )
    .addHelpText("after", "\nExample:\n  $ joblib providers list --room lab")
    .action(clientAction(tools, PageOptions, listProviders));
}

export async function listProviders(
  { io, client, global, signal }: ClientContext,
  query: PageOptions,
): Promise<ExitCode> {
  const room = getRoom(undefined, global.room);
  const page = await client.providers.list(room, query, { signal });
  showPage(io, page, {
    columns: [
      { heading: "NAME", cell: ({ full_name }) => full_name },
      { heading: "CONTENT TYPE", cell: ({ content_type }) => content_type },
      { heading: "WORKERS", cell: ({ workers }) => String(workers.length) },
      { heading: "DESCRIPTION", cell: ({ description }) => description ?? "", flexible: true },
    ],
    emptyText: `no providers in ${room}`,
  });
  return EXIT.ok;
}
