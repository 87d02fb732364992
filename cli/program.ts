import { Command } from "commander";
import { collect } from "./connect/option-values.ts";
import { formatExitCodes } from "./exit-codes.ts";
import type { OutputStream } from "./io/output-stream.ts";
import type { Tools } from "./tools.ts";

/**
 * The output of commander. Help that the user requested goes to stdout, everything else to stderr.
 */
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

/**
 * All commands. The module of a command is imported only if the command line names it, so that
 * other commands start quickly.
 */
const COMMANDS: Readonly<Record<string, Entry | Group>> = {
  serve: {
    summary: "Run a server with an embedded database or PostgreSQL",
    load: async (tools) => (await import("./commands/serve.ts")).serveCommand(tools),
  },
  worker: {
    summary: "Run a worker for the extensions in a file",
    load: async (tools) => (await import("./commands/worker.ts")).workerCommand(tools),
  },
  dev: {
    summary: "Run a server and a worker, and reload on changes",
    load: async (tools) => (await import("./commands/dev.ts")).devCommand(tools),
  },
  run: {
    summary: "Submit a task, with parameters as flags; or run an exported task locally",
    load: async (tools) => (await import("./commands/run.ts")).runCommand(tools),
  },
  read: {
    summary: "Read data that a worker serves (from a provider)",
    load: async (tools) => (await import("./commands/read.ts")).readCommand(tools),
  },
  tasks: {
    summary: "Manage tasks",
    commands: {
      submit: {
        summary: "Submit a task with a JSON payload",
        load: async (tools) => (await import("./commands/tasks/submit.ts")).submitCommand(tools),
      },
      status: {
        summary: "Show the status of a task",
        load: async (tools) => (await import("./commands/tasks/status.ts")).statusCommand(tools),
      },
      watch: {
        summary: "Watch a task and its log until it ends",
        load: async (tools) => (await import("./commands/tasks/watch.ts")).watchCommand(tools),
      },
      why: {
        summary: "Explain why a task is not running",
        load: async (tools) => (await import("./commands/tasks/why.ts")).whyCommand(tools),
      },
      logs: {
        summary: "Print the log of a task",
        load: async (tools) => (await import("./commands/tasks/logs.ts")).logsCommand(tools),
      },
      output: {
        summary: "Print the parts that a task writes while it runs",
        load: async (tools) => (await import("./commands/tasks/output.ts")).outputCommand(tools),
      },
      files: {
        summary: "List the files of a task",
        load: async (tools) => (await import("./commands/tasks/files.ts")).filesCommand(tools),
      },
      list: {
        summary: "List the tasks of a room",
        load: async (tools) => (await import("./commands/tasks/list.ts")).listCommand(tools),
      },
      cancel: {
        summary: "Cancel a task",
        load: async (tools) => (await import("./commands/tasks/cancel.ts")).cancelCommand(tools),
      },
      retry: {
        summary: "Retry a failed or cancelled task",
        load: async (tools) => (await import("./commands/tasks/retry.ts")).retryCommand(tools),
      },
      adopt: {
        summary: "Complete a task with a result that arrived after the worker lost its lease",
        load: async (tools) => (await import("./commands/tasks/adopt.ts")).adoptCommand(tools),
      },
      export: {
        summary: "Export a task to run it on another machine",
        load: async (tools) => (await import("./commands/tasks/export.ts")).exportCommand(tools),
      },
    },
  },
  files: {
    summary: "Download files",
    commands: {
      get: {
        summary: "Download a file",
        load: async (tools) => (await import("./commands/files/get.ts")).getCommand(tools),
      },
    },
  },
  jobs: {
    summary: "List and show jobs",
    commands: {
      list: {
        summary: "List the jobs of a room",
        load: async (tools) => (await import("./commands/jobs/list.ts")).listCommand(tools),
      },
      show: {
        summary: "Show a job and its parameters",
        load: async (tools) => (await import("./commands/jobs/show.ts")).showCommand(tools),
      },
    },
  },
  rooms: {
    summary: "List rooms, and manage invitations",
    commands: {
      list: {
        summary: "List the rooms that you can read",
        load: async (tools) => (await import("./commands/rooms/list.ts")).listCommand(tools),
      },
      invite: {
        summary: "Print a command that starts a worker on another machine",
        load: async (tools) => (await import("./commands/rooms/invite.ts")).inviteCommand(tools),
      },
      invitations: {
        summary: "List the invitations of a room",
        load: async (tools) => (await import("./commands/rooms/invitations.ts")).invitationsCommand(tools),
      },
      revoke: {
        summary: "Revoke an invitation, and remove the workers that use its token",
        load: async (tools) => (await import("./commands/rooms/revoke.ts")).revokeCommand(tools),
      },
    },
  },
  types: {
    summary: "Print TypeScript types for every job in a room",
    load: async (tools) => (await import("./commands/types.ts")).typesCommand(tools),
  },
  providers: {
    summary: "List providers",
    commands: {
      list: {
        summary: "List the providers of a room",
        load: async (tools) => (await import("./commands/providers/list.ts")).listCommand(tools),
      },
    },
  },
  workers: {
    summary: "Manage workers",
    commands: {
      list: {
        summary: "List the workers of a room, or your own",
        load: async (tools) => (await import("./commands/workers/list.ts")).listCommand(tools),
      },
      drain: {
        summary: "Drain a worker: let it finish its tasks, then stop it",
        load: async (tools) => (await import("./commands/workers/drain.ts")).drainCommand(tools),
      },
    },
  },
  doctor: {
    summary: "Check the connection, the server and its database",
    load: async (tools) => (await import("./commands/doctor.ts")).doctorCommand(tools),
  },
  migrate: {
    summary: "Apply pending database migrations",
    load: async (tools) => (await import("./commands/migrate.ts")).migrateCommand(tools),
  },
  token: {
    summary: "Create tokens",
    commands: {
      create: {
        summary: "Create a token for a server with a JWT secret",
        load: async (tools) => (await import("./commands/token/create.ts")).createCommand(tools),
      },
    },
  },
  completion: {
    summary: "Print the completion script for bash, zsh or fish",
    load: async (tools) => (await import("./commands/completion.ts")).completionCommand(tools),
  },
};

/** The full name of every command, such as `tasks list`. */
export const COMMAND_NAMES: readonly string[] = Object.entries(COMMANDS).flatMap(([name, entry]) =>
  "load" in entry ? [name] : Object.keys(entry.commands).map((inner) => `${name} ${inner}`),
);

/**
 * Creates the program for a command line. Only the commands that the command line names are loaded;
 * all others have only a summary.
 */
export async function createProgram(
  tools: Tools,
  argv: readonly string[],
  { version, ...streams }: HelpStreams & { readonly version: string },
): Promise<Command> {
  const program = new Command("joblib")
    .description("Run typed jobs on remote workers.")
    .version(version, "-V, --version", "print the version")
    .helpCommand("help [command]", "Show help for a command")
    .option("--url <url>", "URL of the server (env: JOBLIB_URL; default: http://127.0.0.1:7800)")
    .option(
      "--token <token>",
      "bearer token; prefer JOBLIB_TOKEN, because other users can see options in process lists (env: JOBLIB_TOKEN)",
    )
    .option(
      "--room <room>",
      "room id, or @global for public jobs; repeatable with `joblib worker` and `joblib dev` (env: JOBLIB_ROOM)",
      collect,
    )
    .option("--json", "print JSON instead of text, and errors as problem documents (RFC 9457)")
    .addHelpText("after", EPILOG);

  const named = new Set(argv);
  const make = async (name: string, { summary, load }: Entry, isNamed: boolean) =>
    (isNamed ? await load(tools) : new Command(name)).summary(summary);
  for (const [name, entry] of Object.entries(COMMANDS)) {
    if ("load" in entry) {
      program.addCommand(await make(name, entry, named.has(name)));
      continue;
    }
    const group = new Command(name)
      .description(entry.summary)
      .helpCommand("help [command]", "Show help for a command");
    for (const [inner, command] of Object.entries(entry.commands)) {
      group.addCommand(await make(inner, command, named.has(name) && named.has(inner)));
    }
    program.addCommand(group);
  }
  for (const command of listAllCommands(program)) configureCommand(command, streams);
  return program;
}

const EPILOG = `
Examples:
  $ joblib serve
  $ joblib worker ./extensions.ts --public
  $ joblib run public:modifiers:Rotate --angle 90 --wait

${formatExitCodes()}

Environment variables:
  JOBLIB_URL, JOBLIB_TOKEN, JOBLIB_ROOM  defaults of --url, --token and --room
  NO_COLOR                               disable colors
  JOBLIB_DEBUG=1                         print the stack trace of an error

Run \`joblib serve --help\` for the settings of the server.`;

function listAllCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(listAllCommands)];
}

/**
 * Makes commander throw errors instead of printing them, because `run` prints all errors in the
 * same format.
 */
function configureCommand(command: Command, { stdout, stderr }: HelpStreams): void {
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
}
