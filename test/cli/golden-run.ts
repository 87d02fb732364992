import { type Received, type Reply, startFakeApi } from "./fake-api.ts";
import { type CliEnvironment, runCli } from "./run-cli.ts";

/** How a command runs: on a terminal with this width, into a pipe, or with `--json`. */
export type Mode = 80 | 200 | "pipe" | "json";

/** A command whose output is recorded. */
export interface GoldenCase {
  /** A description of the case, if its arguments do not describe it. */
  readonly description?: string;
  readonly argv: readonly string[];
  readonly modes: readonly Mode[];
  readonly environment?: CliEnvironment;
  readonly reply?: (request: Received) => Reply;
}

/**
 * The modes of commands that print their output once. Commands that wait for a task use
 * `PIPE_AND_JSON`, because they redraw their output on a terminal.
 */
export const TERMINALS_AND_JSON = [80, 200, "json"] as const;
export const TERMINALS = [80, 200] as const;
export const PIPE_AND_JSON = ["pipe", "json"] as const;

const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** Replaces values that differ between runs, such as durations and tokens, and removes colors. */
const normalize = (text: string, url: string) =>
  text
    .replaceAll(url, "http://127.0.0.1:47800")
    .replace(/(answered in|round trip|stayed open for) [\d.]+ m?s/g, "$1 N ms")
    .replace(/closed after [\d.]+ s/g, "closed after N s")
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>")
    .replace(ANSI, "");

const formatArguments = (argv: readonly string[]) =>
  argv.map((word) => (/[\s"{}]/.test(word) ? `'${word}'` : word)).join(" ");

/** Runs a case and returns the command line, its output on both streams, and its exit code. */
export const recordCase = async (
  goldenCase: GoldenCase,
  mode: Mode,
): Promise<{ text: string; lines: readonly string[] }> => {
  const { argv, description, environment = {}, reply = () => ({ status: 404 }) } = goldenCase;
  await using api = await startFakeApi(reply);
  const env = { JOBLIB_URL: api.url, NO_COLOR: "1", ...environment.env };
  const terminal = typeof mode === "number" ? { terminal: mode } : {};
  const run = await runCli(mode === "json" ? [...argv, "--json"] : argv, {
    ...environment,
    ...terminal,
    env,
  });
  const stdout = normalize(run.stdout, api.url);
  const stderr = normalize(run.stderr, api.url);
  const modeText = typeof mode === "number" ? `${mode} columns` : mode === "json" ? "--json" : "into a pipe";
  const parts = [
    `$ joblib ${formatArguments(argv)}   # ${description === undefined ? modeText : `${description}; ${modeText}`}`,
    ...(stdout === "" ? [] : [stdout.trimEnd()]),
    ...(stderr === "" ? [] : ["-- stderr", stderr.trimEnd()]),
    `-- exit ${run.exitCode}`,
  ];
  return { text: parts.join("\n"), lines: `${stdout}\n${stderr}`.split("\n") };
};
