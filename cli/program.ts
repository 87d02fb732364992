import { Command } from "commander";
import { formatExitCodes } from "./exit-codes.ts";
import type { OutputStream } from "./io.ts";
import type { Tools } from "./tools.ts";

/** Where commander's own words go: help that was asked for on stdout, the rest on stderr. */
export interface HelpStreams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

interface Entry {
  readonly summary: string;
  readonly load: (tools: Tools) => Promise<Command>;
}

interface Group {
  readonly summary: string;
  readonly commands: Readonly<Record<string, Entry>>;
}

/** Every command; its file is loaded when a command line names it, so that `--help` and the others start fast. */
const COMMANDS: Readonly<Record<string, Entry | Group>> = {
  serve: {
    summary: "the server, on an embedded database or on a PostgreSQL",
    load: async (tools) => (await import("./commands/serve.ts")).serveCommand(tools),
  },
  worker: {
    summary: "registers the extensions of a file, and runs their tasks",
    load: async (tools) => (await import("./commands/worker.ts")).workerCommand(tools),
  },
  dev: {
    summary: "server and worker in one, with reload",
    load: async (tools) => (await import("./commands/dev.ts")).devCommand(tools),
  },
  run: {
    summary: "runs a job, its parameters as flags; or an exported task, here",
    load: async (tools) => (await import("./commands/run.ts")).runCommand(tools),
  },
  tasks: {
    summary: "submit, follow, diagnose, list, cancel, retry and export tasks",
    commands: {
      submit: {
        summary: "submits a task; `--wait` until its end",
        load: async (tools) => (await import("./commands/tasks/submit.ts")).submitCommand(tools),
      },
      status: {
        summary: "shows a task; `--wait` until its end",
        load: async (tools) => (await import("./commands/tasks/status.ts")).statusCommand(tools),
      },
      watch: {
        summary: "follows a task to its end, with its log",
        load: async (tools) => (await import("./commands/tasks/watch.ts")).watchCommand(tools),
      },
      why: {
        summary: "says why a task is not running, or what it is at",
        load: async (tools) => (await import("./commands/tasks/why.ts")).whyCommand(tools),
      },
      logs: {
        summary: "what a task's worker said; `--follow` until its end",
        load: async (tools) => (await import("./commands/tasks/logs.ts")).logsCommand(tools),
      },
      list: {
        summary: "a room's tasks, newest first",
        load: async (tools) => (await import("./commands/tasks/list.ts")).listCommand(tools),
      },
      cancel: {
        summary: "cancels a task",
        load: async (tools) => (await import("./commands/tasks/cancel.ts")).cancelCommand(tools),
      },
      retry: {
        summary: "opens a failed or cancelled task again",
        load: async (tools) => (await import("./commands/tasks/retry.ts")).retryCommand(tools),
      },
      adopt: {
        summary: "completes a task with the result of a worker that came back too late",
        load: async (tools) => (await import("./commands/tasks/adopt.ts")).adoptCommand(tools),
      },
      export: {
        summary: "writes a task and its job's schemas, to be run elsewhere",
        load: async (tools) => (await import("./commands/tasks/export.ts")).exportCommand(tools),
      },
    },
  },
  jobs: {
    summary: "list and show jobs",
    commands: {
      list: {
        summary: "the jobs that a room sees",
        load: async (tools) => (await import("./commands/jobs/list.ts")).listCommand(tools),
      },
      show: {
        summary: "a job and its parameters",
        load: async (tools) => (await import("./commands/jobs/show.ts")).showCommand(tools),
      },
    },
  },
  rooms: {
    summary: "list rooms, and let others into them",
    commands: {
      list: {
        summary: "the rooms that one may read, and what is in them",
        load: async (tools) => (await import("./commands/rooms/list.ts")).listCommand(tools),
      },
      invite: {
        summary: "a line to paste on another machine: a worker with a short-lived token",
        load: async (tools) => (await import("./commands/rooms/invite.ts")).inviteCommand(tools),
      },
      invites: {
        summary: "a room's invitations, newest first",
        load: async (tools) => (await import("./commands/rooms/invites.ts")).invitesCommand(tools),
      },
      revoke: {
        summary: "takes an invitation back, and its workers with it",
        load: async (tools) => (await import("./commands/rooms/revoke.ts")).revokeCommand(tools),
      },
    },
  },
  types: {
    summary: "writes TypeScript types of every job that a room sees",
    load: async (tools) => (await import("./commands/types.ts")).typesCommand(tools),
  },
  workers: {
    summary: "list and drain workers",
    commands: {
      list: {
        summary: "the workers of a room, or one's own",
        load: async (tools) => (await import("./commands/workers/list.ts")).listCommand(tools),
      },
      drain: {
        summary: "gives a worker no task any more: it finishes what it holds, and ends",
        load: async (tools) => (await import("./commands/workers/drain.ts")).drainCommand(tools),
      },
    },
  },
  doctor: {
    summary: "checks what a worker depends on, from here to the server's database",
    load: async (tools) => (await import("./commands/doctor.ts")).doctorCommand(tools),
  },
  migrate: {
    summary: "brings the database up to date",
    load: async (tools) => (await import("./commands/migrate.ts")).migrateCommand(tools),
  },
  token: {
    summary: "make tokens",
    commands: {
      create: {
        summary: "a token for a server with a `JOBLIB_JWT_SECRET`",
        load: async (tools) => (await import("./commands/token/create.ts")).createCommand(tools),
      },
    },
  },
  completion: {
    summary: "the script that completes commands in bash, zsh or fish",
    load: async (tools) => (await import("./commands/completion.ts")).completionCommand(tools),
  },
};

/** The words of every command, as they are typed. */
export const COMMAND_NAMES: readonly string[] = Object.entries(COMMANDS).flatMap(([name, entry]) =>
  "load" in entry ? [name] : Object.keys(entry.commands).map((inner) => `${name} ${inner}`),
);

const collect = (value: string, all: string[] = []) => [...all, value];

/** The program as far as one command line needs it: the commands that it names in full, the others by their summary. */
export const createProgram = async (
  tools: Tools,
  argv: readonly string[],
  { version, ...streams }: HelpStreams & { readonly version: string },
): Promise<Command> => {
  const program = new Command("joblib")
    .description("Typed remote jobs: serve them, run them, submit them.")
    .version(version, "-V, --version", "print the version")
    .option("--url <url>", "the server (JOBLIB_URL; http://127.0.0.1:7800)")
    .option("--token <token>", "the bearer token; better by JOBLIB_TOKEN, which no process list shows")
    .option("--room <room>", "the room, @global or a name; several for a worker (JOBLIB_ROOM)", collect)
    .option("--json", "the answer as JSON on stdout, an error as problem JSON on stderr")
    .addHelpText("after", EPILOG);

  const named = new Set(argv);
  const make = async (name: string, { summary, load }: Entry, isNamed: boolean) =>
    (isNamed ? await load(tools) : new Command(name)).summary(summary);
  for (const [name, entry] of Object.entries(COMMANDS)) {
    if ("load" in entry) {
      program.addCommand(await make(name, entry, named.has(name)));
      continue;
    }
    const group = new Command(name).description(entry.summary);
    for (const [inner, command] of Object.entries(entry.commands)) {
      group.addCommand(await make(inner, command, named.has(name) && named.has(inner)));
    }
    program.addCommand(group);
  }
  for (const command of allOf(program)) prepare(command, streams);
  return program;
};

const EPILOG = `
Examples:
  $ joblib serve
  $ joblib worker ./extensions.ts --public
  $ joblib run public:modifiers:Rotate --angle 90 --wait

${formatExitCodes()}

Environment: JOBLIB_URL, JOBLIB_TOKEN, JOBLIB_ROOM; NO_COLOR; JOBLIB_DEBUG=1 for
the stack of an error.
Settings of the server: joblib serve --help.`;

const allOf = (command: Command): Command[] => [command, ...command.commands.flatMap(allOf)];

/** Errors are raised rather than printed, so that there is one place that prints them, in one form. */
const prepare = (command: Command, { stdout, stderr }: HelpStreams): void => {
  command
    .exitOverride((error) => {
      throw error;
    })
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => stdout.columns || 80,
      getErrHelpWidth: () => stderr.columns || 80,
    })
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (inner) => inner.name() })
    .showHelpAfterError(false);
};
