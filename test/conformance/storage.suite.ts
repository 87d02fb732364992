import { afterAll, beforeAll, describe } from "vitest";
import { countsSuite } from "./counts.suite.ts";
import { dashboardSuite } from "./dashboard.suite.ts";
import { jobStorageSuite } from "./job-storage.suite.ts";
import { roomFairnessSuite } from "./room-fairness.suite.ts";
import type { StorageFixture } from "./storage-fixture.ts";
import { sweepStorageSuite } from "./sweep-storage.suite.ts";
import { taskBatchSuite } from "./task-batch.suite.ts";
import { taskClaimSuite } from "./task-claim.suite.ts";
import { taskInsertSuite } from "./task-insert.suite.ts";
import { taskStepsSuite } from "./task-steps.suite.ts";
import { workerStorageSuite } from "./worker-storage.suite.ts";

/** Everything that a storage must do, whatever database it stands on; `open` gives a migrated database of its own. */
export const storageSuite = (name: string, open: () => Promise<StorageFixture>): void => {
  describe(name, () => {
    let opened: StorageFixture | undefined;
    const given = (): StorageFixture => {
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

    countsSuite(given);
    jobStorageSuite(given);
    workerStorageSuite(given);
    taskInsertSuite(given);
    taskClaimSuite(given);
    roomFairnessSuite(given);
    taskStepsSuite(given);
    taskBatchSuite(given);
    sweepStorageSuite(given);
    dashboardSuite(given);
  });
};
