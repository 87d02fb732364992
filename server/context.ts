import { EventEmitter } from "node:events";
import type { InvitationIssuer } from "./auth/invitations.ts";
import { createIdGenerator } from "./id-generator.ts";
import type { EventBus, Log, Meter } from "./ports.ts";
import type { TaskRecord } from "./records.ts";
import { SchemaValidators } from "./schemas/schema-validators.ts";
import type { Settings } from "./settings/settings.ts";
import { JobCache } from "./state/job-cache.ts";
import { OutputRate } from "./state/output-rate.ts";
import { ProviderReads } from "./state/reads/provider-reads.ts";
import { RoomFeeds } from "./state/room-feed.ts";
import { createStatsCache } from "./state/stats-cache.ts";
import { SweepStatus } from "./state/sweep-status.ts";
import { WaitingClaims } from "./state/waiting-claims.ts";
import { WorkerOwners } from "./state/worker-owners.ts";
import type { Storage } from "./storage/ports/storage.ts";

interface Ports {
  readonly storage: Storage;
  readonly bus: EventBus;
  readonly settings: Settings;
  /** Undefined if this server does not sign tokens. */
  readonly invitations: InvitationIssuer | undefined;
  readonly log: Log;
  readonly meter: Meter;
}

/** The ports and the state that use cases need. Each use case declares the members that it uses. */
export type Context = ReturnType<typeof createContext>;

/** Adds to the ports the state that this process keeps between requests. */
export function createContext(ports: Ports) {
  const { storage, settings } = ports;
  const newId = createIdGenerator();
  return {
    ...ports,
    validators: new SchemaValidators(),
    /** Claims of this process that wait for a task. */
    waitingClaims: new WaitingClaims(ports),
    /** Emits the final record of a task under the task's id, for the requests of this process that wait for it. */
    taskEnds: new EventEmitter<Record<string, [TaskRecord]>>().setMaxListeners(0),
    roomFeeds: new RoomFeeds(ports),
    statsCache: createStatsCache(storage, settings),
    sweepStatus: new SweepStatus(),
    owners: new WorkerOwners(storage),
    outputRate: new OutputRate(settings),
    jobCache: new JobCache(storage, settings),
    /** Returns a new UUIDv7. */
    newId,
    /** The reads of providers that this process serves, and the cached answers. */
    reads: new ProviderReads({ ...ports, newId }),
  };
}
