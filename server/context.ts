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
import { FileDirectory } from "./storage/files/file-directory.ts";
import type { FileContents } from "./storage/ports/file-contents.ts";
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

/**
 * The interfaces to storage, event bus, log and metrics, and the state that this process keeps
 * between requests.
 */
export type Context = ReturnType<typeof createContext>;

export function createContext(ports: Ports) {
  const { storage, settings } = ports;
  const newId = createIdGenerator();
  const { files_dir: filesDir } = settings;
  /** Undefined if this server does not store files. */
  const fileContents: FileContents | undefined =
    filesDir === undefined ? undefined : new FileDirectory(filesDir);
  return {
    ...ports,
    validators: new SchemaValidators(),
    waitingClaims: new WaitingClaims(ports),
    /** Emits the record of each ended task, with the task's id as the event name. */
    taskEnds: new EventEmitter<Record<string, [TaskRecord]>>().setMaxListeners(0),
    roomFeeds: new RoomFeeds(ports),
    statsCache: createStatsCache(storage, settings),
    sweepStatus: new SweepStatus(),
    owners: new WorkerOwners(storage),
    outputRate: new OutputRate(settings),
    jobCache: new JobCache(storage, settings),
    newId,
    fileContents,
    /**
     * The requests to providers (reads) for which clients of this process wait, and the cached
     * answers.
     */
    reads: new ProviderReads({ ...ports, newId }),
  };
}
