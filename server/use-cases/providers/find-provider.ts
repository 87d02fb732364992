import {
  formatJobName,
  GLOBAL_ROOM,
  type Page,
  type PageQuery,
  Problem,
  type Provider,
  parseJobName,
} from "../../../protocol/index.ts";
import type { Context } from "../../context.ts";
import type { Settings } from "../../settings/settings.ts";
import type { ProviderRecord } from "../../storage/ports/providers.ts";

/**
 * Returns a provider by its name in a room. Throws a 404 if the name is invalid, or if the provider
 * is not visible in the room.
 */
export async function findProvider(
  { storage, settings }: Context,
  roomId: string,
  name: string,
): Promise<ProviderRecord> {
  const parsed = parseJobName(name, roomId);
  if (parsed.kind === "invalid") {
    throw new Problem(
      "provider-not-found",
      "The provider name is invalid. Use <prefix>:<category>:<name>, for example private:files:Directory. The prefix is public, private or a room id.",
    );
  }
  const provider =
    parsed.kind === "hidden"
      ? undefined
      : await storage.providers.find(parsed.address, settings.worker_timeout_seconds);
  if (provider === undefined) throw providerNotFound(name, roomId);
  return provider;
}

/** Returns a provider in the format of a response. */
export async function readProvider(context: Context, roomId: string, name: string): Promise<Provider> {
  return toWireProvider(context.settings, await findProvider(context, roomId, name));
}

/** Lists the providers that are visible in a room: those of the room and those of `@global`. */
export async function listProviders(
  { storage, settings }: Context,
  roomId: string,
  window: PageQuery,
): Promise<Page<Provider>> {
  const rooms = [...new Set([GLOBAL_ROOM, roomId])];
  const { items, total } = await storage.providers.list(rooms, window, settings.worker_timeout_seconds);
  return { items: items.map((one) => toWireProvider(settings, one)), total, ...window };
}

export function providerNotFound(name: string, roomId: string): Problem {
  return new Problem("provider-not-found", `Provider ${name} not found in room ${roomId}.`);
}

/** Converts a stored provider to the format of a response. */
export function toWireProvider(
  { job_name_style }: Pick<Settings, "job_name_style">,
  provider: ProviderRecord,
): Provider {
  return {
    id: provider.id,
    room_id: provider.roomId,
    category: provider.category,
    name: provider.name,
    full_name: formatJobName(provider, job_name_style),
    schema: provider.schema,
    content_type: provider.contentType,
    description: provider.description,
    workers: [...provider.workers],
    created_at: provider.createdAt,
  };
}
