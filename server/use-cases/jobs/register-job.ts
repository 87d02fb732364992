import { hash } from "node:crypto";
import {
  canonicalizeSchema,
  diffSchemas,
  GLOBAL_ROOM,
  isNamePart,
  type Job,
  type JobRegistration,
  Problem,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import type { JobOptions } from "../../storage/job-options.ts";
import { toWireJob } from "../../wire.ts";
import { createJobsChangedEvents, publish } from "../events.ts";
import { requireSchemas } from "./schema-checks.ts";

/**
 * Registers a job in a room and links the worker to it. `isNew` is false if the job was already registered with the same
 * schemas. Throws a 409 if it is registered with other schemas.
 */
export async function registerJob(
  context: Context,
  caller: Caller,
  { roomId, registration }: { readonly roomId: string; readonly registration: JobRegistration },
): Promise<{ readonly isNew: boolean; readonly job: Job }> {
  const { storage, settings, owners, waitingClaims, newId } = context;
  const { category, name, schema, result_schema: resultSchema = null, worker_id } = registration;
  const userId = caller.actor.id;
  requireCategory(context, category);
  if (!(await caller.canRegister({ roomId, category, name }))) {
    const detail = `You are not allowed to register ${category}:${name}. Ask an admin, or use a token that allows this job.`;
    throw new Problem("forbidden", detail);
  }
  const pair = { schema, resultSchema };
  await requireSchemas(context, pair, userId);
  if (worker_id !== undefined) await owners.requireOwner(caller, worker_id);

  // Registrations of the same job must have the same hash.
  const schemaHash = hash("sha256", canonicalizeSchema({ schema, result_schema: resultSchema }));
  const workerId = worker_id?.toLowerCase() ?? newId();
  const outcome = await storage.jobs.register(
    {
      ...{ id: newId(), roomId, category, name, ...pair, schemaHash },
      ...resolveJobOptions(registration),
      worker: worker_id === undefined ? { create: { id: workerId, name: null, userId } } : { id: workerId },
    },
    settings.worker_timeout_seconds,
  );
  if (outcome.kind === "worker-not-found") {
    owners.forget(workerId);
    throw workerNotFound();
  }
  if (outcome.kind === "conflict") {
    const scope = roomId === GLOBAL_ROOM ? "for all rooms" : "in this room";
    const detail = `${category}:${name} is already registered ${scope} with a different schema. See \`diff\`. Register the same schema, or use another name.`;
    throw new Problem("schema-conflict", detail, { diff: diffSchemas(outcome.registered, pair) });
  }
  owners.remember(workerId, userId);
  waitingClaims.refresh(workerId);
  publish(context, createJobsChangedEvents([roomId]));
  return { isNew: outcome.kind === "created", job: toWireJob(settings, outcome.job, workerId) };
}

/** Throws a 400 if the category is malformed, or if the server does not allow it. */
export function requireCategory({ settings }: Context, category: string): void {
  const reject = (detail: string) => new Problem("invalid-category", detail);
  if (!isNamePart(category)) throw reject("A category must have 1–128 characters from A-Z a-z 0-9 _ . -");
  const allowed = settings.allowed_categories ?? [category];
  if (allowed.includes(category)) return;
  throw reject(`Category ${category} is not allowed on this server. Use one of: ${allowed.join(", ")}.`);
}

/** Returns the options of a registration, with defaults for those that it does not set. */
export function resolveJobOptions({
  description = null,
  defaults = {},
  fairness = "fifo",
}: Partial<JobRegistration>): JobOptions {
  return { description, defaults, fairness };
}
