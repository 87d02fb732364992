import { Readable } from "node:stream";
import type { Caller } from "../../../../server/access.ts";
import { createContext } from "../../../../server/context.ts";
import { InProcessEventBus } from "../../../../server/events/in-process-event-bus.ts";
import { parseSettings } from "../../../../server/index.ts";
import { NO_METER } from "../../../../server/prometheus/no-meter.ts";
import { FileDirectory } from "../../../../server/storage/files/file-directory.ts";
import { createStorage } from "../../../../server/storage/mikro-storage.ts";
import { appendToUpload, readUpload } from "../../../../server/use-cases/files/append-to-upload.ts";
import type { FilesApi } from "./files.ts";

/**
 * Returns a function that appends parts to an upload without HTTP, so that a test can decide when
 * each part arrives and what the directory does.
 */
export function createAppender(
  api: FilesApi,
  userId = "ann",
  fileContents: FileDirectory = new FileDirectory(api.filesDir),
) {
  const logged: string[] = [];
  const log = { info() {}, warn() {}, error: (_: unknown, text?: string) => void logged.push(text ?? "") };
  const settings = parseSettings({}, { files_dir: api.filesDir });
  const ports = { storage: createStorage(api.orm), bus: new InProcessEventBus(), settings, log };
  const created = createContext({ ...ports, invitations: undefined, meter: NO_METER });
  const context = { ...created, fileContents };
  const caller: Caller = {
    actor: { id: userId, isAdmin: false },
    isConfined: false,
    credentials: { rooms: "*", jobs: null, expiresAt: null, invitationId: null },
    canAccessRoom: async () => true,
    canRegister: async () => true,
    listRooms: async () => undefined,
  };
  const append = (fileId: string, offset: number, parts: Iterable<string> | AsyncIterable<Buffer>) =>
    appendToUpload(context, caller, { fileId, offset, body: toBuffers(parts) });
  const readOffset = async (fileId: string) => (await readUpload(context, caller, fileId)).offset;
  return { fileContents, logged, append, readOffset };
}

async function* toBuffers(parts: Iterable<string> | AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const part of Readable.from(parts)) yield Buffer.from(part);
}
