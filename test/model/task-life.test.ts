import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { v7 as uuid } from "uuid";
import { afterAll, beforeAll, describe, inject, test } from "vitest";
import { openDatabase } from "../../server/storage/database/database.ts";
import { migrate } from "../../server/storage/migrations/migrate.ts";
import { createStorage } from "../../server/storage/mikro-storage.ts";
import type { Storage } from "../../server/storage/ports/storage.ts";
import { resolveJobOptions } from "../../server/use-cases/jobs/register-job.ts";
import { createDatabase } from "../support/postgres.ts";
import { taskCommands } from "./task-commands.ts";
import { TaskModel } from "./task-model.ts";

const databases = [
  { name: "PGlite", open: () => openDatabase({ dataDir: "memory://" }), queue: "batching", runs: 150 },
  { name: "PostgreSQL", open: () => openPostgres(), queue: "batching", runs: 150 },
  { name: "PostgreSQL with the simple queue", open: () => openPostgres(), queue: "simple", runs: 150 },
] as const;

const openPostgres = async () => openDatabase({ url: await createDatabase(inject("postgresUrl")) });

describe.each(databases)("the task storage on $name", ({ name, open, queue, runs }) => {
  let storage: Storage;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const orm = await open();
    await migrate(orm);
    storage = createStorage(orm, { queue });
    close = async () => {
      await storage.close();
      await orm.close();
    };
  });

  afterAll(() => close());

  test(`the task storage on ${name} agrees with a model of the protocol's state machine after every operation`, {
    timeout: 120_000,
  }, async () => {
    const property = fc.asyncProperty(taskCommands, async (commands) => {
      await fc.asyncModelRun(
        async () => ({ model: new TaskModel(), real: await createJob(storage) }),
        commands,
      );
    });

    await fc.assert(property, { numRuns: runs, endOnFailure: false, interruptAfterTimeLimit: 60_000 });
  });
});

/**
 * Creates a job and its first worker. Each run uses its own job, so that it does not see the tasks
 * of other runs.
 */
const createJob = async (storage: Storage) => {
  const name = uuid();
  const schemaHash = createHash("sha256").update(name).digest("hex");
  const registerWorker = async () => {
    const outcome = await storage.jobs.register(
      {
        id: uuid(),
        roomId: "lab",
        category: "model",
        name,
        schema: { type: "object" },
        resultSchema: null,
        schemaHash,
        ...resolveJobOptions({}),
        worker: { create: { id: uuid(), name: null, userId: "ann" } },
      },
      60,
    );
    if (outcome.kind !== "created" && outcome.kind !== "matched") throw new Error(outcome.kind);
    return { workerId: outcome.workerId, jobId: outcome.job.id };
  };
  const { jobId } = await registerWorker();
  return {
    storage,
    jobId,
    schemaHash,
    newId: () => uuid(),
    createWorker: async () => (await registerWorker()).workerId,
  };
};
