import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import { parseSettings } from "../../server/settings/settings.ts";

const FILE = resolve(import.meta.dirname, "../../docs/compose.yaml");

const Service = z.strictObject({
  image: z.string().regex(/^[a-z]+(:\d+(\.\d+)?)?$/),
  build: z.strictObject({ context: z.string(), dockerfile_inline: z.string() }).optional(),
  pull_policy: z.literal("never").optional(),
  restart: z.enum(["no", "unless-stopped"]),
  stop_grace_period: z.string().optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).optional(),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.strictObject({ source: z.string(), target: z.string() })).default([]),
  healthcheck: z
    .strictObject({
      test: z.tuple([z.literal("CMD")], z.string()),
      interval: z.string(),
      timeout: z.string(),
      retries: z.int(),
    })
    .optional(),
  depends_on: z
    .record(
      z.string(),
      z.strictObject({ condition: z.enum(["service_healthy", "service_completed_successfully"]) }),
    )
    .default({}),
});
const Compose = z.strictObject({
  name: z.string(),
  "x-server": z.unknown(),
  services: z.record(z.string(), Service),
  configs: z.record(z.string(), z.strictObject({ content: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

const compose = Compose.parse(parse(readFileSync(FILE, "utf8"), { merge: true }));
const services = Object.entries(compose.services);

test("the compose file's services depend only on services that exist and report the required condition", () => {
  for (const [name, { depends_on }] of services) {
    for (const [other, { condition }] of Object.entries(depends_on)) {
      const target = compose.services[other];
      expect(target, `${name} waits for ${other}`).toBeDefined();
      if (condition === "service_healthy") expect(target?.healthcheck, other).toBeDefined();
      else expect(target?.restart, other).toBe("no");
    }
  }
});

test("every file and every volume that the compose file mounts exists", () => {
  for (const [, { volumes, configs }] of services) {
    for (const [source = ""] of volumes.map((volume) => volume.split(":"))) {
      if (source.startsWith(".")) expect(existsSync(join(dirname(FILE), source)), source).toBe(true);
      else expect(compose.volumes, source).toHaveProperty([source]);
    }
    for (const { source } of configs) expect(compose.configs).toHaveProperty([source]);
  }
});

test("the compose file's servers have valid settings, with addresses of services that exist", () => {
  const servers = services.filter(([, { environment }]) => "JOBLIB_DATABASE_URL" in environment);
  expect(servers.map(([name]) => name)).toEqual(["migrate", "server-1", "server-2"]);

  for (const [, { environment }] of servers) {
    const filled = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(/\$\{[^}]*\}/g, "x".repeat(32)),
      ]),
    );
    const settings = parseSettings(filled);
    expect(Object.keys(filled).map((name) => name.replace("JOBLIB_", "").toLowerCase())).toEqual(
      expect.arrayContaining(["jwt_secret", "redis_url"]),
    );
    for (const url of [settings.database_url ?? "", settings.redis_url ?? ""]) {
      expect(compose.services).toHaveProperty([new URL(url).hostname]);
    }
  }
});

test("the compose file's nginx uses its two servers, with the same options as docs/nginx/upstream.conf", () => {
  const own = readFileSync(join(dirname(FILE), "nginx/upstream.conf"), "utf8").replace(/^ *#.*\n/gm, "");
  const content = compose.configs["upstream"]?.content ?? "";
  const hosts = [...content.matchAll(/server (\S+):7800;/g)].map(([, host]) => host);

  expect(hosts).toEqual(["server-1", "server-2"]);
  expect(content.replace(/server \S+;/g, "server;")).toBe(own.replace(/server \S+;/g, "server;"));
});
