import { closedRooms } from "./cases/b12-closed-rooms.ts";
import { inOrder } from "./cases/f00-order.ts";
import { undisturbed } from "./cases/f00-undisturbed.ts";
import { killedWorker } from "./cases/f01-killed-worker.ts";
import { killedServer } from "./cases/f02-killed-server.ts";
import { abortedClaims } from "./cases/f03-aborted-claims.ts";
import { heldPolls } from "./cases/f04-held-polls.ts";
import { drainedServer, drainedWorker } from "./cases/f05-drain.ts";
import { pausedWorkers } from "./cases/f06-paused-worker.ts";
import { forgetfulWorker, silentWorker } from "./cases/f07-too-late.ts";
import { pausedServer } from "./cases/f09-paused-server.ts";
import { crashedPostgres, endedBackends, restartedPostgres } from "./cases/f10-postgres.ts";
import { lostAnswers, lostCommits, lostDeliveries } from "./cases/f13-lost-answers.ts";
import { deafPostgres, deafRedis, deafWorker } from "./cases/f14-half-open.ts";
import { emptyRedis, killedSubscriptions, silentRedis } from "./cases/f15-redis.ts";
import { badNetwork, oneWay } from "./cases/f18-partitions.ts";
import { wrongClocks } from "./cases/f20-clocks.ts";
import { manySweepers } from "./cases/f21-sweepers.ts";
import { atTheThreshold, beatsAtTheThreshold, cancelRaces } from "./cases/f22-races.ts";
import { cancelReaches } from "./cases/f23-cancel.ts";
import { oneKey } from "./cases/f24-one-key.ts";
import { allSteps } from "./cases/f25-steps.ts";
import { killedMigration } from "./cases/f26-migrations.ts";
import { canFillDisk, fullDisk } from "./cases/f28-full-disk.ts";
import { fewDescriptors, littleMemory, smallPool } from "./cases/f29-limits.ts";
import { blockedWorker, idleCuts, poison, talkativeWorker } from "./cases/f31-workers.ts";
import { lockedTable, lockedWorkers, longLock } from "./cases/f33-locks.ts";
import { killedEmbedded } from "./cases/f34-embedded.ts";
import { impostorsAnswer } from "./cases/f37-impostors.ts";
import { cutStreams } from "./cases/f38-streams.ts";
import { deletedTasks, restoredBackup } from "./cases/f39-data-goes.ts";
import { failedOver, fewConnections } from "./cases/f41-failover.ts";
import type { FaultCase } from "./run/fault-case.ts";

/** Every fault that can be made here. */
export const cases: readonly FaultCase[] = [
  deafPostgres,
  killedEmbedded,
  pausedServer,
  silentRedis,
  deafRedis,
  emptyRedis,
  killedSubscriptions,
  restartedPostgres,
  crashedPostgres,
  endedBackends,
  lostAnswers,
  lostCommits,
  lostDeliveries,
  deafWorker,
  oneWay,
  badNetwork,
  killedWorker,
  killedServer,
  abortedClaims,
  heldPolls,
  drainedServer,
  drainedWorker,
  ...pausedWorkers,
  silentWorker,
  forgetfulWorker,
  wrongClocks,
  manySweepers,
  atTheThreshold,
  beatsAtTheThreshold,
  cancelRaces,
  cancelReaches,
  oneKey,
  allSteps,
  killedMigration,
  ...(canFillDisk ? [fullDisk] : []),
  fewDescriptors,
  littleMemory,
  smallPool,
  lockedTable,
  longLock,
  lockedWorkers,
  blockedWorker,
  poison,
  talkativeWorker,
  idleCuts,
  cutStreams,
  impostorsAnswer,
  restoredBackup,
  deletedTasks,
  failedOver,
  fewConnections,
  undisturbed,
  inOrder,
  closedRooms,
];
