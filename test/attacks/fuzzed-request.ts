import { fillPath } from "../../protocol/index.ts";
import type { Random } from "../support/random.ts";
import { BODY_TEXTS, STRINGS } from "./hostile-values.ts";
import type { KnownEntities } from "./known-entities.ts";
import { generateValue } from "./schema-values.ts";
import type { Target } from "./targets.ts";

/** A generated HTTP request, which may be invalid. */
export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer | undefined;
  /**
   * True if the method and the path are those of the target. Another operation may respond to a
   * request with a changed method or path.
   */
  readonly isForTarget: boolean;
}

const INVALID_UTF8 = Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]);

const PATH_SUFFIXES = ["%00", "%ff", "%", "/", "//", "/..", "?", "%2e%2e"];

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

/**
 * The `Prefer` headers of stream requests. Without `wait`, the server would keep a stream open for
 * 15 minutes.
 */
const STREAM_WAITS = ["wait=0", "wait=1"];
const LAST_EVENT_IDS = [
  "",
  "0",
  "1",
  "1_1.0",
  "99999999999999999",
  "1_99.9999999999",
  "-1",
  "abcd1234-7",
  "\u00e9",
  "x".repeat(5000),
];

const pickKnown = (name: string, random: Random, entities: KnownEntities): string | undefined =>
  random.chance(0.85) ? entities.pickValue(name, random) : undefined;

const encode = (text: string) => encodeURIComponent(text.toWellFormed());

const buildPath = ({ path }: Target, random: Random, entities: KnownEntities): string => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return fillPath(
    path.replace(/\{(\w+)\}/g, ":$1"),
    Object.fromEntries(
      names.map((name) => [
        name,
        (pickKnown(name, random, entities) ?? random.pick(STRINGS)).toWellFormed().slice(0, 2000),
      ]),
    ),
  );
};

const buildQuery = ({ query }: Target, random: Random, entities: KnownEntities): string => {
  const parts = query.flatMap(([name, schema]) => {
    if (random.chance(0.6)) return [];
    const value = pickKnown(name, random, entities) ?? generateValue(schema, random);
    return [`${name}=${encode(String(value)).slice(0, 2000)}`];
  });
  if (random.chance(0.02)) parts.push("limit=1&limit=2", "__proto__=1");
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
};

/**
 * Replaces most ids and names in a body by known ids and names, so that the request refers to
 * something that exists.
 */
const replaceByKnown = (value: unknown, random: Random, entities: KnownEntities): unknown => {
  if (Array.isArray(value)) return value.map((one) => replaceByKnown(one, random, entities));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => {
      const name = key === "id" ? "task_id" : key;
      return [
        key,
        (typeof part === "string" && pickKnown(name, random, entities)) ||
          replaceByKnown(part, random, entities),
      ];
    }),
  );
};

const buildBody = (
  { body }: Target,
  random: Random,
  entities: KnownEntities,
): string | Buffer | undefined => {
  if (body === undefined) return random.chance(0.02) ? "{}" : undefined;
  if (random.chance(0.03)) return random.pick(BODY_TEXTS);
  if (random.chance(0.005)) return INVALID_UTF8;
  if (random.chance(0.03)) return undefined;
  const text = JSON.stringify(replaceByKnown(generateValue(body, random), random, entities)) ?? "null";
  return random.chance(0.01) ? text.slice(0, random.integer(0, text.length)) : text;
};

const buildHeaders = (target: Target, random: Random): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(HEADERS)) {
    if (random.chance(0.03)) headers[name] = random.pick(values);
  }
  if (!target.isStream) return headers;
  headers["prefer"] = random.pick(STREAM_WAITS);
  if (random.chance(0.5)) headers["last-event-id"] = random.pick(LAST_EVENT_IDS);
  return headers;
};

/**
 * Creates a request to an operation. Most requests are almost valid, because the server would
 * reject a completely invalid request at its first check.
 */
export const createFuzzedRequest = (
  target: Target,
  { random, entities, tokens }: { random: Random; entities: KnownEntities; tokens: readonly string[] },
): FuzzedRequest => {
  const body = buildBody(target, random, entities);
  const token = random.pick(tokens);
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== "" && { authorization: token }),
    ...buildHeaders(target, random),
  };
  const isForTarget = !random.chance(0.015);
  const method = isForTarget
    ? target.method
    : random.pick([target.method, "PUT", "DELETE", "PATCH", "OPTIONS"]);
  const path = buildPath(target, random, entities) + (isForTarget ? "" : random.pick(PATH_SUFFIXES));
  return { method, path: path + buildQuery(target, random, entities), headers, body, isForTarget };
};
