import Fastify, { type FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import { inject } from "vitest";
import { InvitationIssuer } from "../../../server/auth/invitations.ts";
import {
  type HostAuth,
  joblib,
  migrate,
  type Orm,
  openDatabase,
  type SettingsInput,
} from "../../../server/index.ts";
import { createStorage } from "../../../server/storage/mikro-storage.ts";
import { createDatabase } from "../../support/postgres.ts";
import { createFixtures } from "./fixtures.ts";
import type { ApiResponse, ResponseBody } from "./responses.ts";

/** The headers and the body of a request: `body` is sent as JSON, `raw` is sent unchanged. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: Record<string, string>;
}

export const API = "/v1/joblib";
const METHODS = { get: "GET", put: "PUT", post: "POST", patch: "PATCH", delete: "DELETE" } as const;
type Method = (typeof METHODS)[keyof typeof METHODS] | "HEAD";

const ADMINS = ["root"];
/**
 * `MEMBERS` can read and write every room; `READERS` can read every room. All other users need
 * `grant`.
 */
const MEMBERS = ["ann", "wes", ...ADMINS];
const READERS = ["rea"];

export interface ApiOptions {
  readonly settings?: SettingsInput;
  /** The database of another API, to test two servers on one database. */
  readonly orm?: Orm;
  readonly redis?: Redis;
  readonly prefix?: string;
  /** Enables invitations. Only the standalone server enables them by default. */
  readonly withInvitations?: boolean;
  /** Omits `authorizeRoom`, so that every user can access every room. */
  readonly allowAllRooms?: boolean;
  /** Replaces parts of the authentication. By default, the header `x-user` contains the user. */
  readonly auth?: Partial<HostAuth>;
  readonly host?: (app: FastifyInstance) => void;
  readonly dashboard?: string | boolean;
  readonly dashboardFiles?: string;
}

const getUser = (headers: Record<string, unknown>) => headers["x-user"]?.toString();

const openOwnDatabase = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")) });
  await migrate(orm);
  return orm;
};

/**
 * Starts the plugin in a new host on a new database. The header `x-user` contains the user of a
 * request.
 */
export const openApi = async (options: ApiOptions = {}) => {
  const {
    settings: settingsInput,
    prefix = "",
    allowAllRooms,
    redis,
    host,
    dashboard,
    dashboardFiles,
  } = options;
  const ownDatabase = options.orm === undefined ? await openOwnDatabase() : undefined;
  const orm = ownDatabase ?? options.orm;
  if (orm === undefined) throw new Error("the API has no database");
  const settings = { sweeper_interval_seconds: 3600, ...settingsInput };
  const app = Fastify({ routerOptions: { maxParamLength: 5000 }, forceCloseConnections: true });
  const granted = new Set<string>();
  host?.(app);
  await app.register(joblib, {
    prefix,
    orm,
    ...(redis && { redis }),
    getCurrentUserId: ({ headers }) => getUser(headers),
    getIsAdmin: ({ headers }) => ADMINS.includes(getUser(headers) ?? ""),
    ...(allowAllRooms !== true && {
      authorizeRoom: ({ headers }, room, access) => {
        const user = getUser(headers) ?? "";
        if (MEMBERS.includes(user) || (READERS.includes(user) && access === "read")) return true;
        return granted.has(`${user} ${access} ${room}`);
      },
    }),
    ...options.auth,
    ...(options.withInvitations === true && {
      invitations: new InvitationIssuer("the secret of the tests".repeat(2), createStorage(orm).invitations),
    }),
    ...(dashboard !== undefined && { dashboard }),
    ...(dashboardFiles !== undefined && { dashboardFiles }),
    settings,
  });
  await app.ready();

  const send = async (
    method: Method,
    url: string,
    { body, raw, headers = {} }: RequestOptions = {},
  ): Promise<ApiResponse> => {
    const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const type = payload === undefined ? {} : { "content-type": "application/json" };
    const response = await app.inject({
      method,
      url: `${prefix}${url}`,
      headers: { ...type, ...headers },
      ...(payload !== undefined && { payload }),
    });
    const isJson = /json/.test(String(response.headers["content-type"])) && response.body !== "";
    return {
      status: response.statusCode,
      headers: response.headers,
      text: response.body,
      body: isJson ? response.json<ResponseBody>() : JSON.parse("{}"),
    };
  };

  /**
   * Returns methods that send requests of `user` to paths below `/v1/joblib`. If `user` is
   * undefined, the requests have no credentials.
   */
  const as = (user: string | undefined) => {
    const identity: Record<string, string> = user === undefined ? {} : { "x-user": user };
    const createMethod =
      (name: keyof typeof METHODS) =>
      (path: string, request: RequestOptions = {}): Promise<ApiResponse> =>
        send(METHODS[name], `${API}${path}`, { ...request, headers: { ...identity, ...request.headers } });
    return {
      get: createMethod("get"),
      put: createMethod("put"),
      post: createMethod("post"),
      patch: createMethod("patch"),
      delete: createMethod("delete"),
    };
  };

  /** Sets the access of a user to a room, and replaces the user's earlier access to the room. */
  const grant = (user: string, room: string, ...accesses: ("read" | "write")[]) => {
    for (const access of ["read", "write"]) granted.delete(`${user} ${access} ${room}`);
    for (const access of accesses) granted.add(`${user} ${access} ${room}`);
  };

  const close = async () => {
    await app.close();
    await ownDatabase?.close();
  };

  return { app, orm, send, as, grant, close, ...createFixtures({ as, orm, settings }) };
};

/** A host with the plugin, and methods that send requests to the host. */
export type Api = Awaited<ReturnType<typeof openApi>>;
