import {
  diffSchemas,
  GLOBAL_ROOM,
  isNamePart,
  type Job,
  type JobRegistration,
  Problem,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import type { NewJob } from "../../records.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import type { JobOptions } from "../../storage/job-options.ts";
import { toWireJob } from "../../wire.ts";
import { createJobsChangedEvents, type ResultWithEvents } from "../events.ts";
import { hashSchemaPair, requireSchemas } from "./schema-checks.ts";

/** A registered job; `isNew` is false if it was already registered with the same schemas. */
export interface RegisterJobResult {
  readonly isNew: boolean;
  readonly job: Job;
}

const requireCategory = ({ settings }: Context, category: string): void => {
  if (!isNamePart(category))
    throw new Problem("invalid-category", "A category must have 1–128 characters from A-Z a-z 0-9 _ . -");
  const allowed = settings.allowed_categories;
  if (allowed === undefined || allowed.includes(category)) return;
  throw new Problem(
    "invalid-category",
    `Category ${category} is not allowed on this server. Use one of: ${allowed.join(", ")}.`,
  );
};

/** Returns the options of a registration, with defaults for those that it does not set. */
export const resolveJobOptions = ({
  description = null,
  defaults = {},
  fairness = "fifo",
}: Partial<JobRegistration>): JobOptions => ({ description, defaults, fairness });

/**
 * Registers a job in a room and links the worker to it. Throws a 409 if the job is already registered with other
 * schemas.
 */
export const registerJob = async (
  context: Context,
  caller: Caller,
  { roomId, registration }: { readonly roomId: string; readonly registration: JobRegistration },
): Promise<ResultWithEvents<RegisterJobResult>> => {
  const { category, name, schema, worker_id: existingWorkerId } = registration;
  requireCategory(context, category);
  if (!(await caller.canRegister({ roomId, category, name }))) {
    throw new Problem("forbidden", `You are not allowed to register ${category}:${name}.`);
  }
  const pair = { schema, resultSchema: registration.result_schema ?? null };
  await requireSchemas(context, pair, caller.actor.id);
  if (existingWorkerId !== undefined) await context.owners.requireOwner(caller, existingWorkerId);

  const workerId = existingWorkerId?.toLowerCase() ?? context.newId();
  const worker: NewJob["worker"] =
    existingWorkerId === undefined
      ? { create: { id: workerId, name: null, userId: caller.actor.id } }
      : { id: workerId };
  const outcome = await context.storage.jobs.register(
    {
      id: context.newId(),
      roomId,
      category,
      name,
      ...pair,
      schemaHash: hashSchemaPair(pair),
      ...resolveJobOptions(registration),
      worker,
    },
    context.settings.worker_timeout_threshold,
  );
  if (outcome.kind === "worker-not-found") {
    context.owners.forget(workerId);
    throw workerNotFound();
  }
  if (outcome.kind === "conflict") {
    const scope = roomId === GLOBAL_ROOM ? "for all rooms" : "in this room";
    throw new Problem(
      "schema-conflict",
      `${category}:${name} is already registered ${scope} with a different schema.`,
      { diff: diffSchemas(outcome.registered, pair) },
    );
  }
  context.owners.remember(outcome.workerId, caller.actor.id);
  context.waitingClaims.refresh(outcome.workerId);
  return {
    value: {
      isNew: outcome.kind === "created",
      job: toWireJob(context.settings, outcome.job, outcome.workerId),
    },
    events: createJobsChangedEvents([outcome.job.roomId]),
  };
};
