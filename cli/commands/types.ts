import { Command } from "commander";
import * as z from "zod";
import type { Job } from "../../protocol/job.ts";
import { GLOBAL_ROOM } from "../../protocol/room.ts";
import { clientAction } from "../action.ts";
import { EXIT } from "../exit-codes.ts";
import { text } from "../options.ts";
import { getSingleRoom } from "../room.ts";
import type { ClientContext, CommandHandler, Tools } from "../tools.ts";

const TypesOptions = z.object({ output: text.optional() });
/** What `types` is asked. */
export type TypesOptions = z.infer<typeof TypesOptions>;

const PAGE = 500;

/** `joblib types`. */
export const typesCommand = (tools: Tools, run: CommandHandler<ClientContext, TypesOptions> = printTypes) =>
  new Command("types")
    .description(
      "Write TypeScript types of every job that a room sees (--room or JOBLIB_ROOM; without a room the global ones), so that a submit by a job's name is checked by the compiler: its payload, and its result.",
    )
    .option("-o, --output <file>", "write them there instead of to stdout")
    .addHelpText(
      "after",
      `
Examples:
  $ joblib types --room lab > jobs.d.ts

  // import type { Jobs } from "./jobs.d.ts";

  await using jobs = new JobManager<unknown, Jobs>({ room: "lab" });
  const task = await jobs.submit("public:modifiers:Rotate", { angle: 90 });
  const done = await jobs.client.awaitTask(task);
  if (done.status === "completed") done.result;`,
    )
    .action(clientAction(tools, TypesOptions, run));

const everyJob = async ({ client, signal }: ClientContext, room_id: string): Promise<Job[]> => {
  const jobs: Job[] = [];
  for (;;) {
    const query = { limit: PAGE, offset: jobs.length };
    const { body } = await client.call("listJobs", { params: { room_id }, query }, { signal });
    jobs.push(...body.items);
    if (body.items.length < PAGE) return jobs;
  }
};

/** Prints the types of a room's jobs. */
export const printTypes: CommandHandler<ClientContext, TypesOptions> = async (context, { output }) => {
  const { io, global, writeText } = context;
  const room = getSingleRoom(global.room) ?? GLOBAL_ROOM;
  const jobs = await everyJob(context, room);
  const { writeTypes } = await import("../types/generate-types.ts");
  const types = await writeTypes(jobs, room);
  if (output === undefined) io.document(types);
  else await writeText(output, types);
  const where = output === undefined ? "" : ` to ${output}`;
  io.note(
    jobs.length === 0 ? `no jobs in ${room}; a worker registers them` : `wrote ${jobs.length} job(s)${where}`,
    "dim",
  );
  return EXIT.fine;
};
