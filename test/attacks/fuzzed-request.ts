import * as z from "zod";
import { fillPath, type Operation } from "../../protocol/index.ts";
import type { Random } from "../support/random.ts";
import { STRINGS, TEXTS } from "./hostile-values.ts";
import { valueFitting } from "./schema-values.ts";
import type { World } from "./world.ts";

/** One request as it goes over the wire. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | undefined;
  /** Whether its method and its path are an operation's own: another one's may answer else. */
  readonly isAimed: boolean;
}

const INVALID_UTF8 = Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]);

const PATH_ENDS = ["%00", "%ff", "%", "/", "//", "/..", "?", "%2e%2e"];

const HEADERS: Readonly<Record<string, readonly string[]>> = {
  prefer: [
    "wait=0",
    "wait=1",
    "wait=-1",
    "wait=1e9",
    "wait=NaN",
    "wait=1;wait=9",
    "respond-async",
    ";;;",
    "wait",
  ],
  "idempotency-key": ["", "k1", "k2", "k".repeat(255), "k".repeat(256), "\u00e9"],
  "if-none-match": ["*", 'W/"1"', 'W/"x", "y"', '"', "W/"],
  "content-type": ["application/json", "text/plain", "application/json; charset=utf-16", "a/b/c", ""],
  "content-encoding": ["identity", "gzip", "br"],
  accept: ["*/*", "text/html", ""],
};

const written = new WeakMap<z.ZodType, z.core.JSONSchema.JSONSchema>();

const schemaOf = (type: z.ZodType) => {
  const schema = written.get(type) ?? z.toJSONSchema(type, { io: "input", unrepresentable: "any" });
  written.set(type, schema);
  return schema;
};

const propertiesOf = (type: z.ZodType): [string, unknown][] =>
  Object.entries(schemaOf(type).properties ?? {});

const known = (name: string, random: Random, world: World): string | undefined =>
  random.chance(0.85) ? world.valueFor(name, random) : undefined;

const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

const pathOf = (entry: Operation, random: Random, world: World): string => {
  const names = entry.params === undefined ? [] : propertiesOf(entry.params).map(([name]) => name);
  return fillPath(
    entry.path,
    Object.fromEntries(
      names.map((name) => [
        name,
        (known(name, random, world) ?? random.pick(STRINGS)).toWellFormed().slice(0, 2000),
      ]),
    ),
  );
};

const queryOf = (entry: Operation, random: Random, world: World): string => {
  const parts = (entry.query === undefined ? [] : propertiesOf(entry.query)).flatMap(([name, schema]) => {
    if (random.chance(0.6)) return [];
    const value = known(name, random, world) ?? valueFitting(schema, random);
    return [`${name}=${encoded(String(value)).slice(0, 2000)}`];
  });
  if (random.chance(0.02)) parts.push("limit=1&limit=2", "__proto__=1");
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
};

/** Puts what exists where its name stands, so that a body is about something. */
const withKnown = (value: unknown, random: Random, world: World): unknown => {
  if (Array.isArray(value)) return value.map((one) => withKnown(one, random, world));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const name = key === "id" ? "task_id" : key;
      return [
        key,
        (typeof part === "string" && known(name, random, world)) || withKnown(part, random, world),
      ];
    }),
  );
};

const bodyOf = (entry: Operation, random: Random, world: World): string | Buffer | undefined => {
  if (entry.body === undefined) return random.chance(0.02) ? "{}" : undefined;
  if (random.chance(0.03)) return random.pick(TEXTS);
  if (random.chance(0.005)) return INVALID_UTF8;
  if (random.chance(0.03)) return undefined;
  const text = JSON.stringify(withKnown(valueFitting(schemaOf(entry.body), random), random, world)) ?? "null";
  return random.chance(0.01) ? text.slice(0, random.integer(0, text.length)) : text;
};

/** A request of an operation: mostly nearly right, for what is quite wrong is refused at the door. */
export const fuzzedRequest = (
  entry: Operation,
  { random, world, tokens }: { random: Random; world: World; tokens: readonly string[] },
): FuzzedRequest => {
  const body = bodyOf(entry, random, world);
  const headers: Record<string, string> = {};
  if (body !== undefined) headers["content-type"] = "application/json";
  const token = random.pick(tokens);
  if (token !== "") headers["authorization"] = token;
  for (const [name, values] of Object.entries(HEADERS)) {
    if (random.chance(0.03)) headers[name] = random.pick(values);
  }
  const isAimed = !random.chance(0.015);
  const method = isAimed ? entry.method : random.pick([entry.method, "PUT", "DELETE", "PATCH", "OPTIONS"]);
  const path = pathOf(entry, random, world) + (isAimed ? "" : random.pick(PATH_ENDS));
  return { method, path: path + queryOf(entry, random, world), headers, body, isAimed };
};
