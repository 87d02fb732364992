import { afterAll, beforeAll, describe } from "vitest";
import { jobStorageSuite } from "./job-storage.suite.ts";
import { overviewSuite } from "./overview.suite.ts";
import { roomTurnsSuite } from "./room-turns.suite.ts";
import type { Opened } from "./storage-fixture.ts";
import { sweepStorageSuite } from "./sweep-storage.suite.ts";
import { taskBatchSuite } from "./task-batch.suite.ts";
import { taskClaimSuite } from "./task-claim.suite.ts";
import { taskInsertSuite } from "./task-insert.suite.ts";
import { taskStepsSuite } from "./task-steps.suite.ts";
import { workerStorageSuite } from "./worker-storage.suite.ts";

/** Everything that a storage must do, whatever database it stands on; `open` gives a migrated database of its own. */
export const storageSuite = (name: string, open: () => Promise<Opened>): void => {
  describe(name, () => {
    let opened: Opened | undefined;
    const given = (): Opened => {
      if (opened === undefined) throw new Error("the storage is not open");
      return opened;
    };

    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened?.storage.close();
      await opened?.close();
    });

    jobStorageSuite(given);
    workerStorageSuite(given);
    taskInsertSuite(given);
    taskClaimSuite(given);
    roomTurnsSuite(given);
    taskStepsSuite(given);
    taskBatchSuite(given);
    sweepStorageSuite(given);
    overviewSuite(given);
  });
};
