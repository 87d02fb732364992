import type { Command } from "commander";
import { applyEnvironment, GlobalOptions } from "../connect/global-options.ts";
import { escapeLine } from "../io/sanitize.ts";
import { truncate } from "../io/text-width.ts";
import type { Tools } from "../tools.ts";
import { type Line, listOptions, readLine } from "./read-line.ts";
import { SHELLS } from "./scripts.ts";
import type { Candidate, CompletionContext } from "./server-values.ts";

/** Maximum time to wait for candidates from the server. */
const TIMEOUT_MS = 1000;
/**
 * Matches the only words that are offered as completions. They contain no special characters of a
 * shell, because the names of rooms, jobs and workers are untrusted.
 */
const SAFE_WORD = /^[A-Za-z0-9_.:@/=+-]+$/;
const MAX_DESCRIPTION_LENGTH = 60;

type ServerValues = typeof import("./server-values.ts");
type Source = (values: ServerValues, context: CompletionContext) => Promise<Candidate[]>;

const BY_OPTION: Readonly<Record<string, Source>> = {
  room: (values, context) => values.listRooms(context),
  rooms: (values, context) => values.listRooms(context),
  job: (values, context) => values.listJobs(context),
  "invite job": (values, context) => values.listJobKinds(context),
  status: (values) => values.listStatuses(),
};

const BY_ARGUMENT: Readonly<Record<string, Source>> = {
  job: (values, context) => values.listJobs(context),
  room: (values, context) => values.listRooms(context),
  "tasks id": (values, context) => values.listTasks(context),
  "workers id": (values, context) => values.listWorkers(context),
  "rooms id": (values, context) => values.listInvitations(context),
  shell: async () => SHELLS.map((value) => ({ value, description: "" })),
};

function listCommands(command: Command): Candidate[] {
  return command.commands.map((inner) => ({
    value: inner.name(),
    description: inner.summary() || inner.description(),
  }));
}

function listFlags(command: Command): Candidate[] {
  return [...listOptions(command).map(({ long, description }) => ({ value: long ?? "", description }))]
    .concat(command.name() === "run" ? [] : [{ value: "--help", description: "display help for command" }])
    .filter(({ value }) => value !== "");
}

/**
 * Finds the possible completions of the last word. The completions of `--option=value` include
 * `--option=`.
 */
async function findCandidates(
  line: Line,
  getContext: () => Promise<CompletionContext>,
): Promise<Candidate[]> {
  const { command, current, option, flag, operands } = line;
  const load = async () => ({ values: await import("./server-values.ts"), context: await getContext() });
  const loadFrom = async (source: Source | undefined) => {
    if (source === undefined) return [];
    const { values, context } = await load();
    return source(values, context);
  };
  const job = command.name() === "run" ? operands[0] : undefined;
  const loadParameters = async () => {
    if (job === undefined) return [];
    const { values, context } = await load();
    return values.listParameters(context, job);
  };

  const findSource = (name: string) => BY_OPTION[`${command.name()} ${name}`] ?? BY_OPTION[name];
  if (option !== undefined) return loadFrom(findSource(option.attributeName()));
  const assignment = /^--([^=]+)=/.exec(current);
  if (assignment !== null) {
    const assignedOption = listOptions(command).find(({ long }) => long === `--${assignment[1]}`);
    const values =
      assignedOption === undefined
        ? (await load()).values.listChoices(await loadParameters(), assignment[1] ?? "")
        : await loadFrom(findSource(assignedOption.attributeName()));
    return values.map(({ value, description }) => ({ value: assignment[0] + value, description }));
  }
  if (current.startsWith("-")) {
    const flags =
      job === undefined
        ? []
        : (await load()).values.listParameterFlags(await loadParameters().catch(() => []));
    return [...flags, ...listFlags(command)];
  }
  if (flag !== undefined && job !== undefined) {
    const values = (await load()).values.listChoices(await loadParameters(), flag);
    if (values.length > 0) return values;
  }
  if (command.commands.length > 0) return operands.length === 0 ? listCommands(command) : [];
  const argument = command.registeredArguments[operands.length]?.name();
  return argument === undefined
    ? []
    : loadFrom(BY_ARGUMENT[argument] ?? BY_ARGUMENT[`${command.parent?.name()} ${argument}`]);
}

/**
 * Returns the possible completions of the last word. Each is on its own line, followed by a tab and
 * a description. Returns an empty text after an error.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  tools: Pick<Tools, "env" | "connect">,
): Promise<string> {
  const line = readLine(program, words);
  const getContext = async (): Promise<CompletionContext> => {
    const global = GlobalOptions.parse(applyEnvironment(line.values, tools.env));
    const client = await tools.connect(global);
    // The timeout starts after the client is loaded, because loading takes a while on a busy
    // machine.
    return { global, client, signal: AbortSignal.timeout(TIMEOUT_MS) };
  };
  const found = await findCandidates(line, getContext).catch((): Candidate[] => []);
  return found
    .filter(({ value }) => SAFE_WORD.test(value) && value.startsWith(line.current))
    .map(
      ({ value, description }) =>
        `${value}\t${truncate(escapeLine(description.split("\n")[0] ?? ""), MAX_DESCRIPTION_LENGTH)}\n`,
    )
    .join("");
}
