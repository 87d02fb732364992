import { describe, expect, test, vi } from "vitest";
import { submitCommand } from "../../cli/commands/tasks/submit.ts";
import { workerCommand } from "../../cli/commands/worker.ts";
import { applyEnvironment } from "../../cli/connect/global-options.ts";
import { normalizeWait } from "../../cli/connect/option-values.ts";
import { getJobRoom } from "../../cli/connect/room.ts";
import { EXIT } from "../../cli/exit-codes.ts";
import { COMMAND_NAMES } from "../../cli/program.ts";
import { runCli } from "./run-cli.ts";
import { createTools } from "./tools.ts";

describe("command lines", () => {
  test("a command receives the parsed options of its command line", async () => {
    const run = vi.fn(async () => EXIT.ok);

    await submitCommand(createTools(), run).parseAsync(
      ["public:a:b", "--priority", "-5", "--set", "x=1", "--set", "y=two", "--wait", "2.5"],
      { from: "user" },
    );

    expect(run).toHaveBeenCalledWith(
      expect.anything(),
      expect.objectContaining({ job: "public:a:b", priority: -5, set: ["x=1", "y=two"], wait: 2.5 }),
    );
  });

  test("`joblib worker` has the defaults that its help describes", async () => {
    const run = vi.fn(async () => EXIT.ok);

    await workerCommand(createTools(), run).parseAsync(["./x.ts"], { from: "user" });

    expect(run).toHaveBeenCalledWith(expect.anything(), { file: "./x.ts", public: false, concurrency: 1 });
  });

  test.each([
    ["an unknown option", ["jobs", "list", "--limt", "3"], "unknown option '--limt' (Did you mean --limit?)"],
    ["an unknown command", ["tasks", "sumbit"], "unknown command 'sumbit' (Did you mean submit?)"],
    ["a missing argument", ["tasks", "status"], "missing required argument 'id'"],
    ["too many arguments", ["tasks", "cancel", "a", "b"], "too many arguments"],
    ["a limit beyond its bounds", ["tasks", "list", "--limit", "501"], "--limit: must be between 0 and 500"],
    ["a limit that is not a number", ["tasks", "list", "--limit", "0x10"], "--limit: must be a number"],
    [
      "a fraction instead of an integer",
      ["tasks", "submit", "public:a:b", "--priority", "1.5"],
      "--priority: must be an integer",
    ],
    ["an unknown status", ["tasks", "list", "--status", "done"], "--status: must be one of pending, "],
    ["an invalid wait", ["tasks", "status", "x", "--wait=soon"], "--wait: must be a number of seconds"],
    ["an id that would change the path", ["tasks", "status", ".."], "<id>: invalid id"],
    ["an invalid room id", ["jobs", "list", "--room", "a b"], "--room: must be `@global`, or"],
    [
      "two rooms instead of one",
      ["jobs", "list", "--room", "a", "--room", "b"],
      "this command accepts only one --room",
    ],
    ["a URL with another scheme", ["jobs", "list", "--url", "ftp://x"], "must start with http"],
    [
      "a token that is invalid in a header",
      ["jobs", "list", "--token", "a b"],
      "--token: must be printable ASCII",
    ],
    ["a bare job name", ["tasks", "submit", "Rotate"], "Run `joblib jobs list` to find the full name."],
    [
      "a private job without a room",
      ["tasks", "submit", "private:a:b"],
      "Select the room with --room or JOBLIB_ROOM.",
    ],
    [
      "two payloads",
      ["tasks", "submit", "public:a:b", "--payload", "{}", "--payload-file", "f"],
      "cannot be used together",
    ],
    [
      "an assignment without a key",
      ["tasks", "submit", "public:a:b", "--set", "=1"],
      "must be <path>=<value>",
    ],
  ])("a command line with %s fails with a usage error in one line", async (_, argv, message) => {
    const { exitCode, stdout, stderr } = await runCli(argv, { env: { JOBLIB_URL: "http://127.0.0.1:9" } });

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toMatch(/^joblib: [^\n]*\n$/);
    expect(stderr).toContain(message);
  });

  test.each([
    ["not JSON", "{angle: 90}"],
    ["not an object", "[1]"],
    ["a number", "5"],
  ])("a command line with a payload that is %s fails before anything is sent", async (_, payload) => {
    const { exitCode, stderr } = await runCli(["tasks", "submit", "public:a:b", "--payload", payload]);

    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^joblib: the payload [^\n]*\n$/);
  });

  test("a command line with a payload that is not UTF-8 fails with the exit code of an invalid payload", async () => {
    const stdin = Uint8Array.of(0x7b, 0xff, 0x7d);

    expect(await runCli(["tasks", "submit", "public:a:b", "--payload", "-"], { stdin })).toMatchObject({
      exitCode: 5,
    });
  });

  test("a command line without a command prints the help and fails", async () => {
    const { exitCode, stdout, stderr } = await runCli([]);

    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain("Usage: joblib");
  });
});

describe("help", () => {
  test.each(COMMAND_NAMES)("--help prints a description and an example for %s", async (name) => {
    const { exitCode, stdout, stderr } = await runCli([...name.split(" "), "--help"]);

    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain(`Usage: joblib ${name} [options]`);
    expect(stdout).toMatch(/Examples?:\n {2}\$ /);
  });

  test("--help lists every command and every exit code", async () => {
    const { stdout } = await runCli(["--help"]);

    for (const name of COMMAND_NAMES) expect(stdout).toMatch(new RegExp(`^ {2}${name.split(" ")[0]} `, "m"));
    for (const code of Object.values(EXIT)) expect(stdout).toMatch(new RegExp(`^ +${code} {2}`, "m"));
  });
});

describe("applyEnvironment", () => {
  test("applyEnvironment prefers options to the environment, and ignores empty variables", () => {
    expect(applyEnvironment({}, { JOBLIB_URL: "", JOBLIB_TOKEN: "", JOBLIB_ROOM: "" })).toEqual({
      url: undefined,
      token: undefined,
      room: undefined,
    });
    expect(applyEnvironment({ room: ["a"] }, { JOBLIB_ROOM: "b", JOBLIB_URL: "http://h" })).toMatchObject({
      url: "http://h",
      room: ["a"],
    });
    expect(applyEnvironment({ public: true }, { JOBLIB_ROOM: "b" })["room"]).toBeUndefined();
  });
});

describe("getJobRoom", () => {
  test.each([
    ["public:a:b", [], "@global"],
    ["@global:a:b", [], "@global"],
    ["lab:a:b", [], "lab"],
    ["public:a:b", ["lab"], "lab"],
    ["private:a:b", ["lab"], "lab"],
  ])("getJobRoom returns for the job %s and the rooms %j the room %s", (name, rooms, room) => {
    expect(getJobRoom(name, rooms)).toBe(room);
  });
});

describe("normalizeWait", () => {
  test.each([
    [
      ["--wait", "30", "id"],
      ["--wait", "30", "id"],
    ],
    [
      ["--wait", "id"],
      ["--wait=until-end", "id"],
    ],
    [
      ["id", "--wait"],
      ["id", "--wait"],
    ],
    [
      ["--wait", "--json", "id"],
      ["--wait", "--json", "id"],
    ],
  ])("normalizeWait converts %j to %j", (argv, normalized) => {
    expect(normalizeWait(argv)).toEqual(normalized);
  });
});
