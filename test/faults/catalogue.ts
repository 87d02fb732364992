import { killedWorker } from "./cases/f01-killed-worker.ts";
import { killedServer } from "./cases/f02-killed-server.ts";
import { abortedClaims } from "./cases/f03-aborted-claims.ts";
import { heldPolls } from "./cases/f04-held-polls.ts";
import { drainedServer, drainedWorker } from "./cases/f05-drain.ts";
import { pausedWorkers } from "./cases/f06-paused-worker.ts";
import { pausedServer } from "./cases/f09-paused-server.ts";
import { crashedPostgres, endedBackends, restartedPostgres } from "./cases/f10-postgres.ts";
import { lostAnswers, lostCommits, lostDeliveries } from "./cases/f13-lost-answers.ts";
import { deafPostgres, deafRedis, deafWorker } from "./cases/f14-half-open.ts";
import { emptyRedis, killedSubscriptions, silentRedis } from "./cases/f15-redis.ts";
import { badNetwork, oneWay } from "./cases/f18-partitions.ts";
import { oneKey } from "./cases/f24-one-key.ts";
import type { FaultCase } from "./run/fault-case.ts";

/** Every fault that can be made here. */
export const cases: readonly FaultCase[] = [
  deafPostgres,
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
  oneKey,
];
