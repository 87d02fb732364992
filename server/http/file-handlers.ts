import { fileTransfers, fillPath } from "../../protocol/index.ts";
import type { Context } from "../context.ts";
import { createFile, createTaskFile } from "../use-cases/files/create-file.ts";
import { listTaskFiles, readFile } from "../use-cases/files/read-file.ts";
import { type Handlers, ok } from "./operation-route.ts";

export const createFileHandlers = (context: Context) =>
  ({
    createFile: async ({ caller, params, body: request, prefix }) => {
      const file = await createFile(context, caller, { roomId: params.room_id, request });
      return { status: 201, body: file, headers: createLocation(prefix, file.id) };
    },

    createTaskFile: async ({ caller, params, body: { attempt, ...request }, prefix }) => {
      const file = await createTaskFile(context, caller, { taskId: params.task_id, attempt, request });
      return { status: 201, body: file, headers: createLocation(prefix, file.id) };
    },

    readFile: async ({ caller, params }) => ok(await readFile(context, caller, params.file_id)),

    listTaskFiles: async ({ caller, params }) =>
      ok({ items: [...(await listTaskFiles(context, caller, params.task_id))] }),
  }) satisfies Partial<Handlers>;

function createLocation(prefix: string, fileId: string) {
  return { location: prefix + fillPath(fileTransfers.readUpload.path, { file_id: fileId }) };
}
