import { UsageError } from "./errors.ts";

/** Where the server is when nobody says. */
export const DEFAULT_URL = "http://127.0.0.1:7800";
/** How long an exchange may take beyond the wait that it asks for, in seconds. */
export const DEFAULT_TIMEOUT_SECONDS = 30;
/** The longest wait that one request asks for, in seconds: load balancers cut silent connections at 30 or 60. */
export const MAX_LONG_POLL_SECONDS = 25;
/** The largest answer that is read, in bytes. */
export const MAX_RESPONSE_BYTES = 16 * 1024 * 1024;

/** A token, or what gives the one that is good now: it is asked before every request. */
export type Token = string | (() => string | Promise<string>);

/** The value of a setting in the environment; an empty one counts as not set. */
export const readEnvironment = (name: "JOBLIB_URL" | "JOBLIB_TOKEN" | "JOBLIB_ROOM"): string | undefined =>
  process.env[name]?.trim() || undefined;

/** The server's address without a slash at its end; a path in it is the plugin's prefix. */
export const parseServerUrl = (given: string | undefined): string => {
  const text = given ?? readEnvironment("JOBLIB_URL") ?? DEFAULT_URL;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`the server's url must begin with http:// or https://, not ${JSON.stringify(text)}`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new UsageError(
      "the server's url must have no user, query or fragment; credentials go into `token`",
    );
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
};

/** The `Authorization` header of a token. A bad one is refused here: fetch would print it in its own error. */
export const getAuthorizationHeader = async (given: Token | undefined): Promise<string | undefined> => {
  const source = given ?? readEnvironment("JOBLIB_TOKEN");
  const token = (typeof source === "function" ? await source() : source)?.trim();
  if (token === undefined || token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError("the token holds characters that no header can carry");
  return `Bearer ${token}`;
};
