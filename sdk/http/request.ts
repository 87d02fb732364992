import { randomUUID } from "node:crypto";
import { fillPath, formatPreferences, type OperationName, operations } from "../../protocol/index.ts";
import { UsageError } from "../errors.ts";
import type { CallOptions } from "./options.ts";

const DEFAULT_URL = "http://127.0.0.1:7800";

/**
 * Maximum duration of one long poll, in seconds. It is short, because load balancers close idle
 * connections after 30 or 60 s.
 */
export const MAX_LONG_POLL_SECONDS = 25;

/** Returns an environment variable, or undefined if the variable is not set or empty. */
export const readEnvironment = (name: "JOBLIB_URL" | "JOBLIB_TOKEN" | "JOBLIB_ROOM"): string | undefined =>
  process.env[name]?.trim() || undefined;

/**
 * Returns the server's URL without a trailing slash. The URL may have a path, under which the API
 * is mounted. Throws `UsageError` if the URL is invalid, or has a user, query or fragment.
 */
export const parseServerUrl = (value: string | undefined): string => {
  const text = value ?? readEnvironment("JOBLIB_URL") ?? DEFAULT_URL;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`the server URL must start with http:// or https://, not ${JSON.stringify(text)}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      "the server URL must not contain a user, query or fragment; pass credentials as `token`",
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
};

/** The parts of a request, as the caller of an operation passes them. */
export interface RequestParts {
  readonly params?: unknown;
  readonly query?: unknown;
  readonly body?: unknown;
}

/**
 * Returns the path of an operation with its query. Throws `UsageError` if a parameter would change
 * the path.
 */
export const buildPath = (name: OperationName, { params, query }: RequestParts): string => {
  const parts: Record<string, string> = {};
  for (const [key, part] of Object.entries(params ?? {})) {
    const value = String(part ?? "");
    if (value === "" || value === "." || value === "..") {
      throw new UsageError(
        `${key} cannot be ${JSON.stringify(value)}, because it would change the path of the URL`,
      );
    }
    parts[key] = value;
  }
  const path = fillPath(operations[name].path, parts);
  if (query === undefined) return path;
  const search = new URLSearchParams();
  for (const [key, part] of Object.entries(query ?? {}))
    if (part !== undefined) search.append(key, String(part));
  return search.size === 0 ? path : `${path}?${search}`;
};

/** Returns the headers of a call that are the same for every attempt. */
export const buildHeaders = (
  name: OperationName,
  hasBody: boolean,
  { wait, idempotencyKey, ifNoneMatch }: CallOptions,
  isMinimal: boolean,
): Record<string, string> => {
  const headers: Record<string, string> = { accept: "application/json, application/problem+json" };
  if (hasBody) headers["content-type"] = "application/json";
  const prefer = formatPreferences({
    wait: wait && Math.ceil(wait),
    returns: isMinimal ? "minimal" : undefined,
  });
  if (prefer !== "") headers["prefer"] = prefer;
  const key = idempotencyKey ?? (name === "submitTask" ? randomUUID() : undefined);
  if (key !== undefined) headers["idempotency-key"] = key;
  if (ifNoneMatch !== undefined) headers["if-none-match"] = ifNoneMatch;
  return headers;
};

/**
 * Returns the headers that identify a client. Throws `UsageError` if the token contains characters
 * that are not allowed in a header. Without this check, `fetch` would throw an error whose message
 * reveals the token.
 */
export const buildClientHeaders = (userAgent: string, token: string | undefined): Record<string, string> => {
  const trimmed = token?.trim();
  if (trimmed === undefined || trimmed === "") return { "user-agent": userAgent };
  if (!/^[\x21-\x7e]+$/.test(trimmed))
    throw new UsageError(
      "the token contains characters that are not allowed in a header; check it for spaces and control characters",
    );
  return { "user-agent": userAgent, authorization: `Bearer ${trimmed}` };
};
