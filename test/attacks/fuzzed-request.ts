import { fillPath } from "../../protocol/index.ts";
import type { Random } from "../support/random.ts";
import { STRINGS, TEXTS } from "./hostile-values.ts";
import { valueFitting } from "./schema-values.ts";
import type { Target } from "./targets.ts";
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

/** A stream that is not told when to end goes on for a quarter of an hour. */
const STREAM_WAITS = ["wait=0", "wait=1"];
const PLACES = [
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

const known = (name: string, random: Random, world: World): string | undefined =>
  random.chance(0.85) ? world.valueFor(name, random) : undefined;

const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

const pathOf = ({ path }: Target, random: Random, world: World): string => {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  return fillPath(
    path.replace(/\{(\w+)\}/g, ":$1"),
    Object.fromEntries(
      names.map((name) => [
        name,
        (known(name, random, world) ?? random.pick(STRINGS)).toWellFormed().slice(0, 2000),
      ]),
    ),
  );
};

const queryOf = ({ query }: Target, random: Random, world: World): string => {
  const parts = query.flatMap(([name, schema]) => {
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

const bodyOf = ({ body }: Target, random: Random, world: World): string | Buffer | undefined => {
  if (body === undefined) return random.chance(0.02) ? "{}" : undefined;
  if (random.chance(0.03)) return random.pick(TEXTS);
  if (random.chance(0.005)) return INVALID_UTF8;
  if (random.chance(0.03)) return undefined;
  const text = JSON.stringify(withKnown(valueFitting(body, random), random, world)) ?? "null";
  return random.chance(0.01) ? text.slice(0, random.integer(0, text.length)) : text;
};

const headersOf = (target: Target, random: Random): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(HEADERS)) {
    if (random.chance(0.03)) headers[name] = random.pick(values);
  }
  if (!target.isStream) return headers;
  headers["prefer"] = random.pick(STREAM_WAITS);
  if (random.chance(0.5)) headers["last-event-id"] = random.pick(PLACES);
  return headers;
};

/** A request of an operation: mostly nearly right, for what is quite wrong is refused at the door. */
export const fuzzedRequest = (
  target: Target,
  { random, world, tokens }: { random: Random; world: World; tokens: readonly string[] },
): FuzzedRequest => {
  const body = bodyOf(target, random, world);
  const token = random.pick(tokens);
  const headers = {
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== "" && { authorization: token }),
    ...headersOf(target, random),
  };
  const isAimed = !random.chance(0.015);
  const method = isAimed ? target.method : random.pick([target.method, "PUT", "DELETE", "PATCH", "OPTIONS"]);
  const path = pathOf(target, random, world) + (isAimed ? "" : random.pick(PATH_ENDS));
  return { method, path: path + queryOf(target, random, world), headers, body, isAimed };
};
