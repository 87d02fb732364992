import Fastify, { type FastifyInstance } from "fastify";
import type { Redis } from "ioredis";
import { inject } from "vitest";
import { createInvitationIssuer } from "../../../server/auth/invitation-issuer.ts";
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

/** What goes with a request: a body as JSON, or bytes as they are. */
export interface RequestOptions {
  readonly body?: unknown;
  readonly raw?: string | Buffer;
  readonly headers?: Record<string, string>;
}

export const API = "/v1/joblib";
const METHODS = { get: "GET", put: "PUT", post: "POST", patch: "PATCH", delete: "DELETE" } as const;
type Method = (typeof METHODS)[keyof typeof METHODS] | "HEAD";

const ADMINS = ["root"];
/** These may read and write every room; `rea` may read every room; of others see `grant`. */
const MEMBERS = ["ann", "wes", ...ADMINS];
const READERS = ["rea"];

/** How an API is opened; `settings` as the plugin takes them. */
export interface ApiOptions {
  readonly settings?: SettingsInput;
  /** Another API's database: two servers on one. */
  readonly orm?: Orm;
  readonly redis?: Redis;
  readonly prefix?: string;
  /** Signs invitations, as the standalone server does. */
  readonly withInvitations?: boolean;
  /** Leaves `authorizeRoom` out. */
  readonly allowAllRooms?: boolean;
  /** Says who a request is in another way than this host's usual one. */
  readonly auth?: Partial<HostAuth>;
  readonly host?: (app: FastifyInstance) => void;
  readonly dashboard?: string | boolean;
  readonly dashboardFiles?: string;
}

const userOf = (headers: Record<string, unknown>) => headers["x-user"]?.toString();

const openOwnDatabase = async () => {
  const orm = await openDatabase({ url: await createDatabase(inject("postgresUrl")) });
  await migrate(orm);
  return orm;
};

/** The plugin in a host of its own, on a database of its own; users come by the header `x-user`. */
export const openApi = async (options: ApiOptions = {}) => {
  const {
    settings: given,
    prefix = "",
    allowAllRooms: everyRoom,
    redis,
    host,
    dashboard,
    dashboardFiles,
  } = options;
  const own = options.orm === undefined ? await openOwnDatabase() : undefined;
  const orm = own ?? options.orm;
  if (orm === undefined) throw new Error("there is no database");
  const settings = { sweeper_interval_seconds: 3600, ...given };
  const app = Fastify({ routerOptions: { maxParamLength: 5000 }, forceCloseConnections: true });
  const granted = new Set<string>();
  host?.(app);
  await app.register(joblib, {
    prefix,
    orm,
    ...(redis && { redis }),
    getCurrentUserId: ({ headers }) => userOf(headers),
    getIsAdmin: ({ headers }) => ADMINS.includes(userOf(headers) ?? ""),
    ...(everyRoom !== true && {
      authorizeRoom: ({ headers }, room, access) => {
        const user = userOf(headers) ?? "";
        if (MEMBERS.includes(user) || (READERS.includes(user) && access === "read")) return true;
        return granted.has(`${user} ${access} ${room}`);
      },
    }),
    ...options.auth,
    ...(options.withInvitations === true && {
      invitations: createInvitationIssuer(
        "the secret of the tests".repeat(2),
        createStorage(orm).invitations,
      ),
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
    const answer = await app.inject({
      method,
      url: `${prefix}${url}`,
      headers: { ...type, ...headers },
      ...(payload !== undefined && { payload }),
    });
    const isJson = /json/.test(String(answer.headers["content-type"])) && answer.body !== "";
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      body: isJson ? answer.json<ResponseBody>() : JSON.parse("{}"),
    };
  };

  /** Requests of a user, with paths under `/v1/joblib`; undefined is nobody. */
  const as = (user: string | undefined) => {
    const identity: Record<string, string> = user === undefined ? {} : { "x-user": user };
    const by =
      (name: keyof typeof METHODS) =>
      (path: string, sent: RequestOptions = {}): Promise<ApiResponse> =>
        send(METHODS[name], `${API}${path}`, { ...sent, headers: { ...identity, ...sent.headers } });
    return { get: by("get"), put: by("put"), post: by("post"), patch: by("patch"), delete: by("delete") };
  };

  /** What a user who is no member may do in a room; replaces what was granted before. */
  const grant = (user: string, room: string, ...accesses: ("read" | "write")[]) => {
    for (const access of ["read", "write"]) granted.delete(`${user} ${access} ${room}`);
    for (const access of accesses) granted.add(`${user} ${access} ${room}`);
  };

  const close = async () => {
    await app.close();
    await own?.close();
  };

  return { app, orm, send, as, grant, close, ...createFixtures({ as, orm, settings }) };
};

/** An opened API. */
export type Api = Awaited<ReturnType<typeof openApi>>;
