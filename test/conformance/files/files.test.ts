import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { connectToFake, connectToServer } from "../../sdk/testing/servers.ts";
import { createDatabase } from "../../support/postgres.ts";
import type { FileServer } from "./file-server.ts";
import { fileSuite } from "./files.suite.ts";

/** Starts `joblib serve` with a directory for files. */
async function serveFiles(databaseUrl?: string): Promise<FileServer> {
  const files_dir = await mkdtemp(join(tmpdir(), "joblib-files-"));
  const database = databaseUrl === undefined ? {} : { database_url: databaseUrl };
  const server = await connectToServer({ files_dir, ...database });
  const close = async () => {
    await server.close();
    await rm(files_dir, { recursive: true });
  };
  return { ...server, close };
}

fileSuite("files of the fake server", connectToFake);
fileSuite("files of `joblib serve` on PGlite", () => serveFiles());
fileSuite("files of `joblib serve` on PostgreSQL", async () =>
  serveFiles(await createDatabase(inject("postgresUrl"))),
);
