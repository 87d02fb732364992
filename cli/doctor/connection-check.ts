import type { ConnectionSecurity } from "../../protocol/health.ts";
import { isLoopback } from "../../protocol/health.ts";
import { type CheckResult, type Probe, reportOk, reportWarning } from "./check-result.ts";

const DESCRIPTIONS: Record<ConnectionSecurity, string> = {
  tls: "encrypted (TLS, certificate verified)",
  "tls-unverified": "encrypted (TLS, certificate not verified)",
  plain: "not encrypted",
  local: "local connection",
};

/**
 * Describes whether a connection of the server is encrypted. Returns an empty text if the server does not
 * report it.
 */
export function describeConnection(connection: ConnectionSecurity | null | undefined): string {
  return connection === null || connection === undefined ? "" : `, ${DESCRIPTIONS[connection]}`;
}

/** Checks whether requests from this machine to the server are encrypted. */
export function checkEncryption({ client, token }: Probe): CheckResult {
  const check = "encryption";
  const { protocol, hostname } = new URL(client.url);
  if (protocol === "https:") return reportOk(check, "requests are encrypted (HTTPS)");
  if (isLoopback(hostname)) return reportOk(check, "not needed: requests do not leave this machine");
  return reportWarning(
    check,
    `${token === undefined ? "payloads and results" : "the token, payloads and results"} are sent to ${hostname} unencrypted`,
    "put a reverse proxy with TLS in front of the server, and use its https:// URL",
  );
}
