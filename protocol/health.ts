import * as z from "zod";
import { API_PATH, operation } from "./operation.ts";
import { Timestamp } from "./time.ts";

/**
 * Whether the server's connection to its database or event bus is encrypted, and whether the
 * certificate is verified.
 */
export const ConnectionSecurity = z
  .enum(["tls", "tls-unverified", "plain", "local"])
  .describe(
    "tls: encrypted, and the certificate is verified; tls-unverified: encrypted, but the certificate is not verified; plain: not encrypted; local: does not leave the machine",
  );
export type ConnectionSecurity = z.infer<typeof ConnectionSecurity>;

/** Returns true for `localhost` and loopback addresses. An IPv6 address may be in brackets. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

export const Health = z.object({
  version: z.string(),
  time: Timestamp.describe(
    "current time of this server process; leases use the clock of the database instead",
  ),
  database: z.object({
    state: z.enum(["up", "down"]),
    milliseconds: z.number().nullable().describe("duration of one round trip"),
    pending_migrations: z.array(z.string()).nullable(),
    findings: z
      .array(z.enum(["unsupported", "privileges", "read-only"]))
      .optional()
      .describe(
        "reasons why the server cannot use the database. `unsupported`: the product, version or encoding of the database is not supported; `privileges`: the database role that joblib uses lacks privileges; `read-only`: the database accepts no writes, for example because it is a standby. The server's log has the details.",
      ),
    connection: ConnectionSecurity.nullable()
      .optional()
      .describe(
        "null if joblib cannot determine it, because the host application opened the connection; older servers omit it",
      ),
  }),
  bus: z.object({
    state: z.enum(["up", "down"]),
    kind: z.enum(["in-process", "redis"]),
    connection: ConnectionSecurity.optional().describe("omitted by older servers"),
  }),
  sweeper: z.object({
    state: z
      .enum(["up", "late"])
      .describe(
        "`late`: for three intervals, no server has run the sweep, which fails or requeues the tasks of workers without heartbeats",
      ),
    last_sweep: Timestamp.nullable().describe(
      "time of the last sweep by any server; null if there was none since this server started",
    ),
    interval_seconds: z.number(),
  }),
  long_poll_max_wait_seconds: z.number(),
});
export type Health = z.infer<typeof Health>;

/**
 * Returns the health to authenticated users. The dashboard does not use `/readyz`, because a host
 * application does not have to expose that route.
 */
export const readHealth = operation({
  method: "GET",
  path: `${API_PATH}/health`,
  summary: "Get the state of the server's components",
  access: "user",
  responses: { 200: Health },
  responseDescriptions: { 200: "The state of the components." },
  problems: [],
});

export const healthOperations = { readHealth } as const;
