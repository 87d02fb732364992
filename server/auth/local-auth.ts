import type { FastifyRequest } from "fastify";
import { isLoopback } from "../../protocol/index.ts";
import type { HostAuth } from "../host.ts";

/** Whoever reaches the loopback interface is its one admin: the server that needs no configuration. */
export const localAuth: HostAuth = {
  getCurrentUserId: () => "local",
  getIsAdmin: () => true,
  authorizeRoom: () => true,
};

const hostnameOf = (url: string) => (URL.canParse(url) ? new URL(url).hostname : "");

/**
 * True where a request without credentials can be believed to come from this machine's user. A web page elsewhere can make a
 * browser send one too: by a name that it made point here (DNS rebinding), which `Host` shows, or across sites, which `Origin` shows.
 */
export const isFromHere = ({ headers }: FastifyRequest): boolean => {
  if (!isLoopback(hostnameOf(`http://${headers.host ?? ""}`))) return false;
  if (headers["sec-fetch-site"] === "cross-site") return false;
  return headers.origin === undefined || isLoopback(hostnameOf(headers.origin));
};
