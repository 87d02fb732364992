import * as z from "zod";
import { JobNameStyle, NamePart } from "../../protocol/index.ts";
import { parsePostgresUrl } from "../storage/database/postgres-url.ts";
import { parseRedisUrl } from "./redis-url.ts";
import { SettingsError } from "./settings-error.ts";

export { SettingsError } from "./settings-error.ts";

const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

/** Accepts a number or its text, because environment variables are text. */
const number = (schema: z.ZodNumber) =>
  z.preprocess(
    (value) => (typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value),
    schema,
  );

/** Accepts a boolean or its text: true, 1, yes or on, and false, 0, no or off. */
const flag = z.union([z.boolean(), z.stringbool()], { error: "must be true or false" });

const list = z.preprocess(
  (value) => (typeof value === "string" ? value.split(",").map((part) => part.trim()) : value),
  z.array(NamePart).min(1),
);

/** Accepts a connection URL only if `parse` supports all its parameters. */
const connectionUrl = (parse: (value: string) => unknown) =>
  z.string().superRefine((value, context) => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  });

/** A server's settings and defaults. Durations are in seconds. See `docs/settings.md`. */
export const Settings = z.object({
  database_url: connectionUrl(parsePostgresUrl).optional(),
  data_dir: z.string().min(1).default(".joblib").describe("directory of the embedded database"),
  database_pool_size: number(z.int().min(1).max(1000)).default(10),
  statement_timeout_seconds: number(z.number().min(0.1).max(3600))
    .default(30)
    .describe("a statement that takes longer is cancelled and answered with 503"),
  redis_url: connectionUrl(parseRedisUrl).optional(),
  worker_timeout_seconds: number(z.number().min(0.2).max(86_400)).default(60),
  sweeper_interval_seconds: number(z.number().min(0.05).max(3600)).default(30),
  claim_grace_seconds: number(z.number().min(0).max(3600)).default(5),
  long_poll_max_wait_seconds: number(z.number().min(0).max(3600)).default(60),
  long_poll_max_open: number(z.int().min(1).max(1_000_000)).default(20_000),
  long_poll_max_per_user: number(z.int().min(1).max(1_000_000)).default(10_000),
  max_requests_per_user: number(z.int().min(1).max(1_000_000))
    .default(2000)
    .describe("maximum number of concurrent requests of one user, without long polls"),
  max_connections: number(z.int().min(1).max(1_000_000)).default(50_000),
  allowed_categories: list.optional(),
  validate_payloads: flag.default(true),
  require_workers: flag.default(false),
  job_name_style: JobNameStyle.default("visibility"),
  body_limit: number(z.int().min(1024).max(1_073_741_824)).default(1_048_576),
  provider_max_answer_bytes: number(z.int().min(1024).max(1_073_741_824)).default(33_554_432),
  provider_cache_bytes: number(z.int().min(0).max(1_099_511_627_776))
    .default(67_108_864)
    .describe("maximum size of the cached answers of providers"),
  provider_memory_bytes: number(z.int().min(1_048_576).max(1_099_511_627_776))
    .default(268_435_456)
    .describe("maximum memory of all answers of providers: cached, arriving and being sent"),
  provider_max_reads_per_room: number(z.int().min(1).max(1_000_000)).default(256),
  provider_max_reads_per_worker: number(z.int().min(1).max(10_000)).default(64),
  files_dir: z
    .string()
    .min(1)
    .optional()
    .describe("directory of uploaded files; several servers on one database share it"),
  file_max_bytes: number(z.int().min(0).max(1_099_511_627_776))
    .default(10_737_418_240)
    .describe("maximum size of a file"),
  room_file_bytes: number(z.int().min(0).max(1_125_899_906_842_624))
    .default(107_374_182_400)
    .describe("maximum size of all files of a room, including incomplete uploads"),
  file_orphan_hours: number(z.number().positive().max(876_000))
    .default(24)
    .describe("time after which a file is deleted if it is not in the payload or result of any task"),
  task_retention_days: number(z.number().positive().max(36_500)).optional(),
  task_output_max_bytes: number(z.int().min(1024).max(4_294_967_296))
    .default(67_108_864)
    .describe("maximum size of the output of one attempt of a task"),
  task_output_bytes_per_second: number(z.int().min(1024).max(1_099_511_627_776))
    .default(8_388_608)
    .describe("output that the workers of one user may store per second; above it, their appends get 429"),
  jwt_secret: z.string().min(32, { error: "must be at least 32 characters" }).optional(),
  jwks_url: z.url({ protocol: /^https?$/, error: "must be a URL like https://issuer/jwks.json" }).optional(),
  dashboard: flag.default(true).describe("serve the dashboard at / (only joblib serve)"),
  host: z.string().min(1).default("127.0.0.1"),
  port: number(z.int().min(0).max(65_535)).default(7800),
  log_level: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(", ")}` }).default("info"),
});
export type Settings = z.output<typeof Settings>;

type Camel<Text extends string> = Text extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Text;

/**
 * Settings that a program passes in code. They are named like the environment variables without the
 * prefix `JOBLIB_`, in snake_case or camelCase.
 */
export type SettingsInput = { readonly [Name in keyof Settings]?: Settings[Name] | undefined } & {
  readonly [Name in keyof Settings as Camel<Name>]?: Settings[Name] | undefined;
};

const toSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * Resolves the settings: `overrides` take precedence over the environment, and the environment over
 * the defaults. Throws a `SettingsError` that names the first invalid setting.
 */
export function parseSettings(
  env: Readonly<Record<string, string | undefined>>,
  overrides: SettingsInput = {},
): Settings {
  const values: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const name of Object.keys(Settings.shape)) {
    const variable = `JOBLIB_${name.toUpperCase()}`;
    if (!env[variable]) continue;
    values[name] = env[variable];
    sources[name] = variable;
  }
  for (const [key, value] of Object.entries(overrides)) {
    const name = toSnakeCase(key);
    if (!Object.hasOwn(Settings.shape, name)) throw new SettingsError(`settings.${key}: unknown setting`);
    if (value === undefined) continue;
    values[name] = value;
    sources[name] = `settings.${key}`;
  }
  const parsed = Settings.safeParse(values);
  if (!parsed.success) {
    const [{ path = [], message = "is not valid" } = {}] = parsed.error.issues;
    const name = String(path[0] ?? "settings");
    throw new SettingsError(`${sources[name] ?? name}: ${message}`);
  }
  if (parsed.data.jwt_secret !== undefined && parsed.data.jwks_url !== undefined) {
    throw new SettingsError(
      "JOBLIB_JWT_SECRET and JOBLIB_JWKS_URL are mutually exclusive: set only one of them",
    );
  }
  return parsed.data;
}

/**
 * Replaces the secrets in a URL. Uses regular expressions, because the WHATWG URL parser rejects
 * some valid PostgreSQL URLs.
 */
const redactPassword = (value: string) =>
  value
    .replace(/^([a-z+]+:\/\/[^/?:]*):[^/?]*@/i, "$1:***@")
    .replace(/([?&][^=&]*(?:pass|secret|token)[^=&]*)=[^&]*/gi, "$1=***");

/** Returns the settings without secrets, for output. */
export const redactSettings = (settings: Settings): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).map(([name, value]) => {
      if (name === "jwt_secret") return [name, "***"];
      return [name, name.endsWith("_url") && typeof value === "string" ? redactPassword(value) : value];
    }),
  );
