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

/** What a log line is written to: Fastify's logger, or one of its kind. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The ports that use-cases choose from. */
export interface Context {
  readonly storage: Storage;
  readonly bus: EventBus;
  readonly validators: SchemaValidators;
  readonly settings: Settings;
  /** Claims of this process that wait for a task. */
  readonly waitingClaims: WaitingClaims;
  readonly ended: TaskEndEmitter;
  /** What changes in the rooms that are followed here. */
  readonly feeds: RoomFeeds;
  readonly figures: StatsCache;
  readonly sweeps: SweepStatus;
  readonly owners: WorkerOwners;
  readonly jobs: JobCache;
  readonly resultSchemas: ResultSchemaCache;
  /** Undefined where others sign the tokens. */
  readonly invitations: InvitationIssuer | undefined;
  /** Mints a UUIDv7. */
  readonly newId: () => string;
  readonly log: Log;
  readonly meter: Meter;
}
