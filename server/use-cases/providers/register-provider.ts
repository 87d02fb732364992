import { hash } from "node:crypto";
import {
  canonicalizeSchema,
  diffSchemas,
  GLOBAL_ROOM,
  Problem,
  type Provider,
  type ProviderRegistration,
} from "../../../protocol/index.ts";
import type { Caller } from "../../access.ts";
import type { Context } from "../../context.ts";
import { workerNotFound } from "../../state/worker-owners.ts";
import type { ProviderRecord } from "../../storage/ports/providers.ts";
import { createJobsChangedEvents, publish } from "../events.ts";
import { requireCategory } from "../jobs/register-job.ts";
import { requireSchemas } from "../jobs/schema-checks.ts";
import { toWireProvider } from "./find-provider.ts";

/**
 * Registers a provider in a room and links the worker to it. `isNew` is false if the provider was
 * already registered with the same schema and content type. Throws a 409 if it is registered with a
 * different schema or content type.
 */
export async function registerProvider(
  context: Context,
  caller: Caller,
  { roomId, registration }: { readonly roomId: string; readonly registration: ProviderRegistration },
): Promise<{ readonly isNew: boolean; readonly provider: Provider }> {
  const { storage, settings, owners, newId } = context;
  const { category, name, schema, content_type: contentType, description = null } = registration;
  requireCategory(context, category);
  if (!(await caller.canRegister({ roomId, category, name }))) {
    throw new Problem(
      "forbidden",
      `You are not allowed to register ${category}:${name}. Ask an admin, or use a token whose jobs include ${category}:${name}.`,
    );
  }
  await requireSchemas(context, { schema, resultSchema: null }, caller.actor.id);
  await owners.requireOwner(caller, registration.worker_id);
  const workerId = registration.worker_id.toLowerCase();
  const schemaHash = hash("sha256", canonicalizeSchema({ schema, result_schema: null }));
  const outcome = await storage.providers.register(
    { ...{ id: newId(), roomId, category, name, schema, schemaHash, contentType, description }, workerId },
    settings.worker_timeout_seconds,
  );
  if (outcome.kind === "worker-not-found") {
    owners.forget(workerId);
    throw workerNotFound();
  }
  if (outcome.kind === "conflict") throw createConflict(outcome.provider, registration);
  const { id } = outcome.provider;
  publish(context, [{ kind: "provider-changed", providerId: id }, ...createJobsChangedEvents([roomId])]);
  return { isNew: outcome.kind === "created", provider: toWireProvider(settings, outcome.provider) };
}

function createConflict(
  registered: ProviderRecord,
  { category, name, schema, content_type }: ProviderRegistration,
) {
  const scope = registered.roomId === GLOBAL_ROOM ? "for all rooms" : "in this room";
  const diff = diffSchemas({ schema: registered.schema, resultSchema: null }, { schema, resultSchema: null });
  const [difference, advice] =
    registered.contentType === content_type
      ? ["a different schema. See `diff`", "Register that schema"]
      : [`the content type ${registered.contentType}`, "Register that content type"];
  return new Problem(
    "schema-conflict",
    `Provider ${category}:${name} is already registered ${scope} with ${difference}. ${advice}, use another name, or stop the workers that registered it.`,
    { diff },
  );
}
