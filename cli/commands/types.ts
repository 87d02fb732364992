import { Command } from "commander";
import * as z from "zod";
import type { Job } from "../../protocol/jobs.ts";
import { clientAction } from "../action.ts";
import { text } from "../connect/options.ts";
import { getRoom } from "../connect/room.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import type { ClientContext, Tools } from "../tools.ts";
import { formatCount } from "../views/units.ts";

const TypesOptions = z.object({ output: text.optional() });
type TypesOptions = z.infer<typeof TypesOptions>;

const PAGE_SIZE = 500;

export function typesCommand(tools: Tools) {
  return new Command("types")
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
    .action(clientAction(tools, TypesOptions, printTypes));
}

export async function printTypes(context: ClientContext, { output }: TypesOptions): Promise<ExitCode> {
  const { io, global, writeText } = context;
  const room = getRoom(undefined, global.room);
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
}

async function listAllJobs({ client, signal }: ClientContext, room_id: string): Promise<Job[]> {
  const jobs: Job[] = [];
  for (;;) {
    const query = { limit: PAGE_SIZE, offset: jobs.length };
    const { body } = await client.call("listJobs", { params: { room_id }, query }, { signal });
    jobs.push(...body.items);
    if (body.items.length < PAGE_SIZE) return jobs;
  }
}
