import type { RedisOptions } from "ioredis";
import { type ConnectionSecurity, isLoopback } from "../../protocol/index.ts";

/** Says who could read what goes to Redis and back. */
export const redisSecurity = ({ tls, path, host, sentinels }: RedisOptions): ConnectionSecurity => {
  // ioredis makes `tls: true` of a rediss:// URL, which its types do not have.
  if (tls) return tls.rejectUnauthorized === false ? "tls-unverified" : "tls";
  if (path) return "local";
  return !sentinels && isLoopback(host ?? "localhost") ? "local" : "plain";
};
