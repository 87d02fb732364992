import type { Command } from "commander";
import { applyEnvironment, GlobalOptions } from "../global-options.ts";
import { escapeLine } from "../sanitize.ts";
import { truncate } from "../table.ts";
import type { Tools } from "../tools.ts";
import { type Line, listOptions, readLine } from "./read-line.ts";
import { SHELLS } from "./scripts.ts";
import type { Candidate, CompletionContext } from "./server-values.ts";

/** Who presses Tab does not wait longer. */
const PATIENCE_MS = 1000;
/** What a shell would read as something else than a word is not offered: names are strangers'. */
const SAFE = /^[A-Za-z0-9_.:@/=+-]+$/;
const LONGEST_ABOUT = 60;

type LiveDisplay = typeof import("./server-values.ts");
type Source = (live: LiveDisplay, asking: CompletionContext) => Promise<Candidate[]>;

const BY_OPTION: Readonly<Record<string, Source>> = {
  room: (live, asking) => live.rooms(asking),
  rooms: (live, asking) => live.rooms(asking),
  job: (live, asking) => live.jobs(asking),
  "invite job": (live, asking) => live.jobKinds(asking),
  status: (live) => live.statuses(),
};

const BY_ARGUMENT: Readonly<Record<string, Source>> = {
  job: (live, asking) => live.jobs(asking),
  room: (live, asking) => live.rooms(asking),
  "tasks id": (live, asking) => live.tasks(asking),
  "workers id": (live, asking) => live.workers(asking),
  "rooms id": (live, asking) => live.invitations(asking),
  shell: async () => SHELLS.map((value) => ({ value, about: "" })),
};

const commandsOf = (command: Command): Candidate[] =>
  command.commands.map((inner) => ({ value: inner.name(), about: inner.summary() || inner.description() }));

const ownFlags = (command: Command): Candidate[] =>
  [...listOptions(command).map(({ long, description }) => ({ value: long ?? "", about: description }))]
    .concat(command.name() === "run" ? [] : [{ value: "--help", about: "display help for command" }])
    .filter(({ value }) => value !== "");

/** What may stand at a line's end; the values of an option that follow `=` have it before them. */
const candidates = async (line: Line, asking: () => Promise<CompletionContext>): Promise<Candidate[]> => {
  const { command, current, option, flag, operands } = line;
  const live = async () => ({ live: await import("./server-values.ts"), asking: await asking() });
  const from = async (source: Source | undefined) => {
    if (source === undefined) return [];
    const at = await live();
    return source(at.live, at.asking);
  };
  const job = command.name() === "run" ? operands[0] : undefined;
  const jobParameters = async () => {
    if (job === undefined) return [];
    const at = await live();
    return at.live.parameters(at.asking, job);
  };

  const byOption = (name: string) => BY_OPTION[`${command.name()} ${name}`] ?? BY_OPTION[name];
  if (option !== undefined) return from(byOption(option.attributeName()));
  const assigned = /^--([^=]+)=/.exec(current);
  if (assigned !== null) {
    const own = listOptions(command).find(({ long }) => long === `--${assigned[1]}`);
    const values =
      own === undefined
        ? (await live()).live.choicesOf(await jobParameters(), assigned[1] ?? "")
        : await from(byOption(own.attributeName()));
    return values.map(({ value, about }) => ({ value: assigned[0] + value, about }));
  }
  if (current.startsWith("-")) {
    const flags = job === undefined ? [] : (await live()).live.flagsOf(await jobParameters().catch(() => []));
    return [...flags, ...ownFlags(command)];
  }
  if (flag !== undefined && job !== undefined) {
    const values = (await live()).live.choicesOf(await jobParameters(), flag);
    if (values.length > 0) return values;
  }
  if (command.commands.length > 0) return operands.length === 0 ? commandsOf(command) : [];
  const argument = command.registeredArguments[operands.length]?.name();
  return argument === undefined
    ? []
    : from(BY_ARGUMENT[argument] ?? BY_ARGUMENT[`${command.parent?.name()} ${argument}`]);
};

/** The candidates for a line's last word, a line each: the word, a tab, and what it is. Nothing where that fails. */
export const complete = async (
  program: Command,
  words: readonly string[],
  tools: Pick<Tools, "env" | "connect">,
): Promise<string> => {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const line = readLine(program, words);
  const asking = async (): Promise<CompletionContext> => {
    const global = GlobalOptions.parse(applyEnvironment(line.values, tools.env));
    return { global, signal, client: await tools.connect(global) };
  };
  const found = await candidates(line, asking).catch((): Candidate[] => []);
  return found
    .filter(({ value }) => SAFE.test(value) && value.startsWith(line.current))
    .map(
      ({ value, about }) => `${value}\t${truncate(escapeLine(about.split("\n")[0] ?? ""), LONGEST_ABOUT)}\n`,
    )
    .join("");
};
