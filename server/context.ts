import type { InvitationIssuer } from "./auth/invitation-issuer.ts";
import type { EventBus } from "./events/event-bus.ts";
import type { Meter } from "./meter.ts";
import type { SchemaValidators } from "./schemas/schema-validators.ts";
import type { Settings } from "./settings.ts";
import type { Storage } from "./storage/storage.ts";
import type { SweepStatus } from "./sweep-status.ts";
import type { JobCache } from "./use-cases/job-cache.ts";
import type { StatsCache } from "./use-cases/read-stats.ts";
import type { RoomFeeds } from "./use-cases/room-feed.ts";
import type { ResultSchemaCache } from "./use-cases/schema-checks.ts";
import type { TaskEndEmitter } from "./use-cases/task-end-emitter.ts";
import type { WaitingClaims } from "./use-cases/waiting-claims.ts";
import type { WorkerOwners } from "./use-cases/worker-owners.ts";

/** The part of Fastify's logger that joblib uses. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The ports of the use cases; each use case picks those that it needs. */
export interface Context {
  readonly storage: Storage;
  readonly bus: EventBus;
  readonly validators: SchemaValidators;
  readonly settings: Settings;
  /** Claims of this process that wait for a task. */
  readonly waitingClaims: WaitingClaims;
  readonly taskEnds: TaskEndEmitter;
  readonly roomFeeds: RoomFeeds;
  readonly statsCache: StatsCache;
  readonly sweepStatus: SweepStatus;
  readonly owners: WorkerOwners;
  readonly jobCache: JobCache;
  readonly resultSchemas: ResultSchemaCache;
  /** Undefined if this server does not sign tokens. */
  readonly invitations: InvitationIssuer | undefined;
  /** Returns a new UUIDv7. */
  readonly newId: () => string;
  readonly log: Log;
  readonly meter: Meter;
}
