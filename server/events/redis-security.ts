import type { RedisOptions } from "ioredis";
import { type ConnectionSecurity, isLoopback } from "../../protocol/index.ts";

/** Returns whether the connection to Redis is encrypted or stays on this machine. */
export const getRedisSecurity = ({ tls, path, host, sentinels }: RedisOptions): ConnectionSecurity => {
  // ioredis sets `tls: true` for a rediss:// URL, which its types do not declare.
  if (tls) return tls.rejectUnauthorized === false ? "tls-unverified" : "tls";
  if (path) return "local";
  return !sentinels && isLoopback(host ?? "localhost") ? "local" : "plain";
};
