import * as z from "zod";
import { NamePart } from "../job-name.ts";
import { JsonObject } from "../json.ts";
import { API_PATH, operation } from "../operation.ts";
import { createPageSchema, PageQuery } from "../page.ts";
import { RoomId, RoomParams } from "../rooms.ts";
import { Timestamp } from "../time.ts";

/** Maximum time for which an answer may be cached, in seconds. */
export const MAX_ANSWER_TTL_SECONDS = 86_400;

/** A media type (RFC 9110, section 8.3.1), with optional parameters. */
const MEDIA_TYPE =
  /^[a-z0-9!#$&^_.+-]{1,64}\/[a-z0-9!#$&^_.+-]{1,64}(?:; ?[a-z0-9-]{1,32}=[a-z0-9._-]{1,64})*$/i;

export const MediaType = z.string().regex(MEDIA_TYPE, { error: "must be a media type like image/png" });

export const ProviderRegistration = z.object({
  category: NamePart,
  name: NamePart,
  schema: JsonObject.describe("JSON Schema of the parameters, draft 4 to 2020-12"),
  content_type: MediaType.default("application/json").describe("media type of every answer"),
  worker_id: z.string().max(128).describe("the worker that will answer requests to the provider"),
  description: z.string().max(10_000).nullable().optional(),
});
export type ProviderRegistration = z.output<typeof ProviderRegistration>;

/** A registered provider: a source of data that workers serve on demand. */
export const Provider = z.object({
  id: z.string(),
  room_id: z.string(),
  category: z.string(),
  name: z.string(),
  full_name: z.string(),
  schema: JsonObject,
  content_type: z.string(),
  description: z.string().nullable(),
  workers: z.array(z.string()).describe("ids of the online workers"),
  created_at: Timestamp,
});
export type Provider = z.infer<typeof Provider>;

export const ProviderParams = z.object({ room_id: RoomId, provider_name: z.string().min(1) });

export const registerProvider = operation({
  method: "PUT",
  path: `${API_PATH}/rooms/:room_id/providers`,
  summary: "Register a provider in a room; fails if it is registered with a different schema or content type",
  access: "room-register",
  params: RoomParams,
  body: ProviderRegistration,
  exactMembers: ["schema"],
  responses: { 200: Provider, 201: Provider },
  responseDescriptions: {
    200: "The provider was already registered with the same schema and content type.",
    201: "The provider was registered.",
  },
  problems: ["invalid-room-id", "invalid-category", "schema-conflict", "worker-not-found"],
});

export const listProviders = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/providers`,
  summary: "List the providers that are visible in a room: its own providers and the public providers",
  access: "room-read",
  params: RoomParams,
  query: PageQuery,
  responses: { 200: createPageSchema(Provider) },
  responseDescriptions: { 200: "A page of providers." },
  problems: ["invalid-room-id"],
});

export const readProvider = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/providers/:provider_name/info`,
  summary: "Get a provider that is visible in a room, with the schema of its parameters",
  access: "room-read",
  params: ProviderParams,
  responses: { 200: Provider },
  responseDescriptions: { 200: "The provider." },
  problems: ["invalid-room-id", "provider-not-found"],
});

export const providerOperations = { registerProvider, listProviders, readProvider } as const;
