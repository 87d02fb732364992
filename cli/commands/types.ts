import { Command } from "commander";
import * as z from "zod";
import type { Job } from "../../protocol/job.ts";
import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { clientAction } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import { text } from "../options.ts";
import { getSingleRoom } from "../room.ts";
import type { ClientContext, CommandHandler, Tools } from "../tools.ts";
import { formatCount } from "../views/count.ts";

const TypesOptions = z.object({ output: text.optional() });
/** The options of `types`. */
export type TypesOptions = z.infer<typeof TypesOptions>;

const PAGE_SIZE = 500;

/** `joblib types`. */
export const typesCommand = (tools: Tools, run: CommandHandler<ClientContext, TypesOptions> = printTypes) =>
  new Command("types")
    .description(
      "Print TypeScript types for every job in a room, so that the compiler checks payloads and results. The room is --room or JOBLIB_ROOM, otherwise @global.",
    )
    .option("-o, --output <file>", "write to a file instead of stdout")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib types --room lab > jobs.d.ts

In a program:
  import type { Jobs } from "./jobs.d.ts";

  await using jobs = new JobManager<unknown, Jobs>({ room: "lab" });
  const task = await jobs.submit("public:modifiers:Rotate", { angle: 90 });
  const done = await jobs.client.awaitTask(task);
  if (done.status === "completed") done.result;`,
    )
    .action(clientAction(tools, TypesOptions, run));

const listAllJobs = async ({ client, signal }: ClientContext, room_id: string): Promise<Job[]> => {
  const jobs: Job[] = [];
  for (;;) {
    const query = { limit: PAGE_SIZE, offset: jobs.length };
    const { items } = await client.jobs.list(room_id, query, { signal });
    jobs.push(...items);
    if (items.length < PAGE_SIZE) return jobs;
  }
};

/** Prints the types of the jobs in a room. */
export const printTypes: CommandHandler<ClientContext, TypesOptions> = async (context, { output }) => {
  const { io, global, writeText } = context;
  const room = getSingleRoom(global.room) ?? GLOBAL_ROOM;
  const jobs = await listAllJobs(context, room);
  const { generateTypes } = await import("../types/generate-types.ts");
  const types = await generateTypes(jobs, room);
  if (output === undefined) io.printDocument(types);
  else await writeText(output, types);
  const target = output === undefined ? "" : ` to ${output}`;
  io.printNote(
    jobs.length === 0
      ? `no jobs in ${room}; start a worker to register some`
      : `wrote the types of ${formatCount(jobs.length, "job")}${target}`,
    "dim",
  );
  return EXIT.ok;
};
