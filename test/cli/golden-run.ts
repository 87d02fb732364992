import { type Received, type Reply, startFakeApi } from "./fake-api.ts";
import { type CliWorld, runCli } from "./run-cli.ts";

/** How a command is run: on a terminal that is so wide, into a pipe, or with `--json`. */
export type Mode = 80 | 200 | "pipe" | "json";

/** A command line whose output is kept. */
export interface GoldenCase {
  /** What is shown in the place of the arguments where they say too little. */
  readonly about?: string;
  readonly argv: readonly string[];
  readonly modes: readonly Mode[];
  readonly world?: CliWorld;
  readonly reply?: (request: Received) => Reply;
}

/** All that a person meets; a command that is waited for draws on a terminal, which is no text to keep. */
export const EVERYWHERE = [80, 200, "json"] as const;
export const HELP = [80, 200] as const;
export const PIPED = ["pipe", "json"] as const;

const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;

/** What differs from run to run, and is not what the output is about. */
const settled = (text: string, url: string) =>
  text
    .replaceAll(url, "http://127.0.0.1:47800")
    .replace(/(answered in|round trip|stayed open for) [\d.]+ m?s/g, "$1 N ms")
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, "<token>")
    .replace(ANSI, "");

const shown = (argv: readonly string[]) =>
  argv.map((word) => (/[\s"{}]/.test(word) ? `'${word}'` : word)).join(" ");

/** One run as it is kept: the line, what it printed on either stream, and how it ended. */
export const goldenText = async (
  one: GoldenCase,
  mode: Mode,
): Promise<{ text: string; lines: readonly string[] }> => {
  const { argv, about, world = {}, reply = () => ({ status: 404 }) } = one;
  await using api = await startFakeApi(reply);
  const env = { JOBLIB_URL: api.url, NO_COLOR: "1", ...world.env };
  const terminal = typeof mode === "number" ? { terminal: mode } : {};
  const run = await runCli(mode === "json" ? [...argv, "--json"] : argv, { ...world, ...terminal, env });
  const stdout = settled(run.stdout, api.url);
  const stderr = settled(run.stderr, api.url);
  const where = typeof mode === "number" ? `${mode} columns` : mode === "json" ? "--json" : "into a pipe";
  const parts = [
    `$ joblib ${shown(argv)}   # ${about === undefined ? where : `${about}; ${where}`}`,
    ...(stdout === "" ? [] : [stdout.trimEnd()]),
    ...(stderr === "" ? [] : ["-- stderr", stderr.trimEnd()]),
    `-- exit ${run.exitCode}`,
  ];
  return { text: parts.join("\n"), lines: `${stdout}\n${stderr}`.split("\n") };
};
