import type { EventEmitter } from "node:events";
import type { InvitationIssuer } from "./auth/invitation-issuer.ts";
import type { EventBus, Log, Meter } from "./ports.ts";
import type { TaskRecord } from "./records.ts";
import type { SchemaValidators } from "./schemas/schema-validators.ts";
import type { Settings } from "./settings.ts";
import type { JobCache } from "./state/job-cache.ts";
import type { RoomFeeds } from "./state/room-feed.ts";
import type { StatsCache } from "./state/stats-cache.ts";
import type { SweepStatus } from "./state/sweep-status.ts";
import type { WaitingClaims } from "./state/waiting-claims.ts";
import type { WorkerOwners } from "./state/worker-owners.ts";
import type { Storage } from "./storage/ports/storage.ts";

/** The ports of the use cases; each use case picks those that it needs. */
export interface Context {
  readonly storage: Storage;
  readonly bus: EventBus;
  readonly validators: SchemaValidators;
  readonly settings: Settings;
  /** Claims of this process that wait for a task. */
  readonly waitingClaims: WaitingClaims;
  /** Emits the final row of a task by its id, to requests of this process that wait for its end. */
  readonly taskEnds: EventEmitter<Record<string, [TaskRecord]>>;
  readonly roomFeeds: RoomFeeds;
  readonly statsCache: StatsCache;
  readonly sweepStatus: SweepStatus;
  readonly owners: WorkerOwners;
  readonly jobCache: JobCache;
  /** Undefined if this server does not sign tokens. */
  readonly invitations: InvitationIssuer | undefined;
  /** Returns a new UUIDv7. */
  readonly newId: () => string;
  readonly log: Log;
  readonly meter: Meter;
}
