import type { FastifyRequest } from "fastify";
import { isLoopback } from "../../protocol/index.ts";
import type { HostAuth } from "./host-auth.ts";

/**
 * Treats every caller as the same admin user. Used only if no authentication is
 * configured.
 */
export const localAuth: HostAuth = {
  getCurrentUserId: () => "local",
  getIsAdmin: () => true,
  authorizeRoom: () => true,
};

const getHostname = (url: string) => (URL.canParse(url) ? new URL(url).hostname : "");

/**
 * Returns false if a web page of another site may have made the browser send the request: by DNS
 * rebinding (detected by the `Host` header) or by a cross-site request (detected by `Origin` and
 * `Sec-Fetch-Site`).
 */
export const isLocalRequest = ({ headers }: FastifyRequest): boolean => {
  if (!isLoopback(getHostname(`http://${headers.host ?? ""}`))) return false;
  if (headers["sec-fetch-site"] === "cross-site") return false;
  return headers.origin === undefined || isLoopback(getHostname(headers.origin));
};
