import { closedRooms } from "./cases/b12-closed-rooms.ts";
import { firstInFirstOut } from "./cases/f00-order.ts";
import { undisturbedWaits } from "./cases/f00-undisturbed.ts";
import { killedWorker } from "./cases/f01-killed-worker.ts";
import { killedServer } from "./cases/f02-killed-server.ts";
import { abortedClaims } from "./cases/f03-aborted-claims.ts";
import { brokenLongPolls } from "./cases/f04-long-polls.ts";
import { drainedServer, drainedWorker } from "./cases/f05-drain.ts";
import { pausedWorkers } from "./cases/f06-paused-worker.ts";
import { releasedTask, silentWorker } from "./cases/f07-late-updates.ts";
import { pausedServer } from "./cases/f09-paused-server.ts";
import { crashedPostgres, restartedPostgres, terminatedConnections } from "./cases/f10-postgres.ts";
import { lostCommitResponses, lostResponses, lostWorkerResponses } from "./cases/f13-lost-responses.ts";
import {
  silentPostgresConnection,
  silentRedisConnection,
  silentWorkerConnection,
} from "./cases/f14-half-open.ts";
import { emptyRedis, killedSubscriptions, silentRedis } from "./cases/f15-redis.ts";
import { badNetwork, oneWayPartition } from "./cases/f18-partitions.ts";
import { wrongClocks } from "./cases/f20-clocks.ts";
import { manySweepers } from "./cases/f21-sweepers.ts";
import { cancelRaces, heartbeatsDuringSweep, timeoutRace } from "./cases/f22-races.ts";
import { cancelNotifiesHandler } from "./cases/f23-cancel.ts";
import { sameKey } from "./cases/f24-one-key.ts";
import { allUpdates } from "./cases/f25-updates.ts";
import { killedMigration } from "./cases/f26-migrations.ts";
import { canFillDisk, fullDisk } from "./cases/f28-full-disk.ts";
import { fewDescriptors, littleMemory, smallPool } from "./cases/f29-limits.ts";
import { blockedWorker, excessiveOutput, idleDisconnects, processEndingTask } from "./cases/f31-workers.ts";
import { lockedTable, lockedWorkers, longLock } from "./cases/f33-locks.ts";
import { killedEmbedded } from "./cases/f34-embedded.ts";
import { foreignResponses } from "./cases/f37-foreign-responses.ts";
import { cutOutputs } from "./cases/f38-outputs.ts";
import { cutStreams } from "./cases/f38-streams.ts";
import { deletedTasks, restoredBackup } from "./cases/f39-deleted-data.ts";
import { canContain, twoContainers } from "./cases/f41-containers.ts";
import { failedOver, fewConnections } from "./cases/f42-failover.ts";
import type { FaultCase } from "./run/fault-case.ts";

/** Every case that this machine can run. */
export const cases: readonly FaultCase[] = [
  silentPostgresConnection,
  killedEmbedded,
  ...(canContain ? [twoContainers] : []),
  pausedServer,
  silentRedis,
  silentRedisConnection,
  emptyRedis,
  killedSubscriptions,
  restartedPostgres,
  crashedPostgres,
  terminatedConnections,
  lostResponses,
  lostCommitResponses,
  lostWorkerResponses,
  silentWorkerConnection,
  oneWayPartition,
  badNetwork,
  killedWorker,
  killedServer,
  abortedClaims,
  brokenLongPolls,
  drainedServer,
  drainedWorker,
  ...pausedWorkers,
  silentWorker,
  releasedTask,
  wrongClocks,
  manySweepers,
  timeoutRace,
  heartbeatsDuringSweep,
  cancelRaces,
  cancelNotifiesHandler,
  sameKey,
  allUpdates,
  killedMigration,
  ...(canFillDisk ? [fullDisk] : []),
  fewDescriptors,
  littleMemory,
  smallPool,
  lockedTable,
  longLock,
  lockedWorkers,
  blockedWorker,
  processEndingTask,
  excessiveOutput,
  idleDisconnects,
  cutStreams,
  cutOutputs,
  foreignResponses,
  restoredBackup,
  deletedTasks,
  failedOver,
  fewConnections,
  undisturbedWaits,
  firstInFirstOut,
  closedRooms,
];
