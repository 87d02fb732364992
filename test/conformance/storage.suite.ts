import { afterAll, beforeAll, describe } from "vitest";
import { countsSuite } from "./counts.suite.ts";
import { dashboardSuite } from "./dashboard.suite.ts";
import { jobStorageSuite } from "./job-storage.suite.ts";
import { manyJobsSuite } from "./many-jobs.suite.ts";
import { roomFairnessSuite } from "./room-fairness.suite.ts";
import type { StorageFixture } from "./storage-fixture.ts";
import { sweepStorageSuite } from "./sweep-storage.suite.ts";
import { taskBatchSuite } from "./task-batch.suite.ts";
import { taskClaimSuite } from "./task-claim.suite.ts";
import { taskColumnsSuite } from "./task-columns.suite.ts";
import { taskInsertSuite } from "./task-insert.suite.ts";
import { taskOutputSuite } from "./task-output.suite.ts";
import { taskStepsSuite } from "./task-steps.suite.ts";
import { workerStorageSuite } from "./worker-storage.suite.ts";

/**
 * Tests that the storage has to pass on every database. `open` creates a separate, migrated
 * database.
 */
export const storageSuite = (name: string, open: () => Promise<StorageFixture>): void => {
  describe(name, () => {
    let fixture: StorageFixture | undefined;
    const getFixture = (): StorageFixture => {
      if (fixture === undefined) throw new Error("the storage is not open");
      return fixture;
    };

    beforeAll(async () => {
      fixture = await open();
    });
    afterAll(async () => {
      await fixture?.storage.close();
      await fixture?.close();
    });

    countsSuite(getFixture);
    jobStorageSuite(getFixture);
    workerStorageSuite(getFixture);
    taskInsertSuite(getFixture);
    taskColumnsSuite(getFixture);
    taskClaimSuite(getFixture);
    manyJobsSuite(getFixture);
    roomFairnessSuite(getFixture);
    taskStepsSuite(getFixture);
    taskBatchSuite(getFixture);
    taskOutputSuite(getFixture);
    sweepStorageSuite(getFixture);
    dashboardSuite(getFixture);
  });
};
