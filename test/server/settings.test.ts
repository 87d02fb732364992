import { describe, expect, test } from "vitest";
import { parseSettings, redactSettings, SettingsError } from "../../server/index.ts";

const SECRET = "a secret of at least thirty-two characters";

test("settings have the documented defaults", () => {
  expect(parseSettings({})).toMatchObject({
    ...{ data_dir: ".joblib", worker_timeout_seconds: 60, sweeper_interval_seconds: 30 },
    ...{ claim_grace_seconds: 5, long_poll_max_wait_seconds: 60, validate_payloads: true },
    ...{ require_workers: false, job_name_style: "visibility", body_limit: 1_048_576 },
    ...{ host: "127.0.0.1", port: 7800 },
  });
  for (const unset of [
    "database_url",
    "redis_url",
    "allowed_categories",
    "task_retention_days",
    "files_dir",
  ]) {
    expect(parseSettings({})).not.toHaveProperty(unset);
  }
});

test.each([
  ["JOBLIB_WORKER_TIMEOUT_SECONDS", "2.5", { worker_timeout_seconds: 2.5 }],
  ["JOBLIB_ALLOWED_CATEGORIES", "modifiers, selections", { allowed_categories: ["modifiers", "selections"] }],
  ["JOBLIB_VALIDATE_PAYLOADS", "False", { validate_payloads: false }],
  ["JOBLIB_REQUIRE_WORKERS", "1", { require_workers: true }],
  ["JOBLIB_TASK_RETENTION_DAYS", "0.5", { task_retention_days: 0.5 }],
  ["JOBLIB_PORT", "", { port: 7800 }],
])("the setting %s=%s is parsed from the environment", (name, value, expected) => {
  expect(parseSettings({ [name]: value })).toMatchObject(expected);
});

test("settings that are passed in code, in camelCase or snake_case, override the environment unless they are undefined", () => {
  const env = { JOBLIB_PORT: "1", JOBLIB_HOST: "localhost", JOBLIB_LOG_LEVEL: "warn" };

  expect(parseSettings(env, { port: 2, logLevel: "debug", host: undefined })).toMatchObject({
    ...{ port: 2, log_level: "debug", host: "localhost" },
  });
});

describe("invalid setting", () => {
  test.each([
    ["JOBLIB_PORT", "70000"],
    ["JOBLIB_PORT", "http"],
    ["JOBLIB_WORKER_TIMEOUT_SECONDS", "0"],
    ["JOBLIB_VALIDATE_PAYLOADS", "maybe"],
    ["JOBLIB_ALLOWED_CATEGORIES", "a b"],
    ["JOBLIB_DATABASE_URL", "mysql://host/db"],
    ["JOBLIB_REDIS_URL", "host:6379"],
    ["JOBLIB_JWT_SECRET", "short"],
    ["JOBLIB_JOB_NAME_STYLE", "long"],
  ])("parseSettings throws an error of one line that starts with the name of the invalid setting: %s=%s", (name, value) => {
    expect(() => parseSettings({ [name]: value })).toThrow(SettingsError);
    expect(() => parseSettings({ [name]: value })).toThrow(new RegExp(`^${name}: [^\\n]+$`));
  });

  test("parseSettings throws an error with both names if two settings exclude each other", () => {
    const env = { JOBLIB_JWT_SECRET: SECRET, JOBLIB_JWKS_URL: "https://issuer.example/jwks.json" };

    expect(() => parseSettings(env)).toThrow(/JOBLIB_JWT_SECRET.*JOBLIB_JWKS_URL/);
  });

  test("parseSettings throws if an option that is passed in code has an unknown name", () => {
    const misspelt = { port: 1, treshold: 1 };

    expect(() => parseSettings({}, misspelt)).toThrow("settings.treshold: unknown setting");
  });
});

test("printed settings contain no secrets", () => {
  const printed = redactSettings(
    parseSettings({
      JOBLIB_JWT_SECRET: SECRET,
      JOBLIB_DATABASE_URL: "postgres://ann:hunter2@db.example/jobs?sslpassword=hunter3",
      JOBLIB_REDIS_URL: "redis://:hunter4@redis.example",
    }),
  );

  expect(JSON.stringify(printed)).not.toMatch(/hunter|a secret/);
  expect(JSON.stringify(printed)).toMatch(/db\.example.*redis\.example/);
});
