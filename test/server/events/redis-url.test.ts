import { describe, expect, test } from "vitest";
import { parseRedisUrl, redisOptions } from "../../../server/settings/redis-url.ts";
import { SettingsError } from "../../../server/settings/settings-error.ts";

test.each([
  ["redis://cache", { host: "cache", port: 6379, db: 0 }],
  ["redis://ann:p%40s@cache:7000/3", { host: "cache", port: 7000, db: 3, username: "ann", password: "p@s" }],
  ["redis://:pw@[::1]/?db=2&family=6", { host: "::1", db: 2, family: 6, password: "pw" }],
  ["unix:///run/redis.sock?db=1", { path: "/run/redis.sock", db: 1 }],
  ["redis+unix://:pw@/run/a%20b.sock", { path: "/run/a b.sock", password: "pw" }],
  [
    "rediss://cache.example",
    { host: "cache.example", tls: { rejectUnauthorized: true, servername: "cache.example" } },
  ],
  ["rediss://127.0.0.1?ssl_cert_reqs=none", { tls: { rejectUnauthorized: false } }],
])("the Redis URL %s is parsed into client options", (url, expected) => {
  expect(redisOptions(url)).toMatchObject(expected);
});

test("a Redis URL with the scheme redis: has no TLS options", () => {
  expect(redisOptions("redis://cache")).not.toHaveProperty("tls");
});

describe("unsupported part of a Redis URL", () => {
  test.each([
    ["redis://cache?tls=true", /parameter tls is not supported.*Supported: db, family, ssl_ca_certs/],
    ["rediss://cache?rejectUnauthorized=false", /parameter rejectUnauthorized is not supported/],
    ["redis://cache?ssl_ca_certs=/ca.pem", /ssl_ca_certs has no effect without TLS: use rediss:/],
    ["rediss://cache?ssl_cert_reqs=optional", /ssl_cert_reqs must be required or none/],
    ["rediss://cache?ssl_ca_certs=", /ssl_ca_certs has no value/],
    ["redis://cache?family=5", /family must be 4 or 6/],
    ["redis://cache?db=1&db=2", /db is given twice/],
    ["redis://cache/1?db=2", /database is given twice/],
    ["redis://cache/jobs", /path must be the number of a database/],
    ["rediss://cache?ssl_ca_certs=/none/ca.pem", /ssl_ca_certs: the file \/none\/ca.pem cannot be read/],
    ["rediss://cache?ssl_certfile=/c.pem", /ssl_certfile: also set the private key of the certificate/],
    ["http://cache", /must be a URL like redis:/],
    ["unix://host/run.sock", /must be a URL like redis:/],
    ["redis://", /must be a URL like redis:/],
    ["redis://:p%zz@cache", /password has a %/],
  ])("a Redis URL with an unsupported part is rejected with an error of one line: %s", (url, message) => {
    expect(() => redisOptions(url)).toThrow(SettingsError);
    expect(() => redisOptions(url)).toThrow(message);
    expect(() => redisOptions(url)).toThrow(/^Redis URL: [^\n]+$/);
  });
});

test("parsing a Redis URL opens no file", () => {
  expect(parseRedisUrl("rediss://cache?ssl_ca_certs=/none/ca.pem").isTls).toBe(true);
});
