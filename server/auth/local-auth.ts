import type { FastifyRequest } from "fastify";
import { isLoopback } from "../../protocol/index.ts";
import type { HostAuth } from "../host.ts";

/** Treats every caller as the one admin. For a server without configuration, which listens only on the loopback interface. */
export const localAuth: HostAuth = {
  getCurrentUserId: () => "local",
  getIsAdmin: () => true,
  authorizeRoom: () => true,
};

const getHostname = (url: string) => (URL.canParse(url) ? new URL(url).hostname : "");

/**
 * Returns true if a request without credentials comes from a user of this machine. A web page can also make a
 * browser send requests to this server: through a name that resolves to the loopback interface (DNS
 * rebinding), which the `Host` header shows, or as a cross-site request, which `Origin` and `Sec-Fetch-Site`
 * show.
 */
export const isLocalRequest = ({ headers }: FastifyRequest): boolean => {
  if (!isLoopback(getHostname(`http://${headers.host ?? ""}`))) return false;
  if (headers["sec-fetch-site"] === "cross-site") return false;
  return headers.origin === undefined || isLoopback(getHostname(headers.origin));
};
