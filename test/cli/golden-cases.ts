import { FILE_ID, INVITATION_ID, replyEmpty, replyWithData, TASKS, WORKER_ID } from "./golden-replies.ts";
import { type GoldenCase, PIPE_AND_JSON, TERMINALS, TERMINALS_AND_JSON } from "./golden-run.ts";
import { aProblem } from "./wire-values.ts";

const success = (argv: readonly string[], modes: GoldenCase["modes"] = TERMINALS_AND_JSON): GoldenCase => ({
  argv,
  modes,
  reply: replyWithData,
});
const empty = (argv: readonly string[]): GoldenCase => ({
  argv,
  modes: TERMINALS_AND_JSON,
  description: "empty",
  reply: replyEmpty,
});
const usageError = (argv: readonly string[]): GoldenCase => ({
  argv,
  modes: [80, "json"],
  reply: replyWithData,
});
const problem = (id: Parameters<typeof aProblem>[0], argv: readonly string[], extras = {}): GoldenCase => ({
  ...{ argv, modes: TERMINALS_AND_JSON, description: id },
  reply: () => aProblem(id, extras),
});

const ROTATE = "public:modifiers:Rotate";
const SCREEN = "public:chemistry:Screen";
const MOLECULE = '{"name":"aspirin","smiles":"CC(=O)Oc1ccccc1C(=O)O"}';

/** The recorded cases of each command, in addition to its help. */
export const CASES: Readonly<Record<string, readonly GoldenCase[]>> = {
  serve: [
    success(["serve", "--print-settings"]),
    usageError(["serve", "--port", "99999"]),
    { ...usageError(["serve"]), environment: { env: { JOBLIB_DATABASE_URL: "mysql://db" } } },
  ],
  worker: [usageError(["worker", "./nothing.ts", "--public"]), usageError(["worker"])],
  dev: [usageError(["dev", "./nothing.ts"])],
  run: [
    success(["run", SCREEN, "--help"]),
    success(["run", SCREEN, "--molecules", MOLECULE, "--limit", "300", "--strict"]),
    success(["run", ROTATE, "--axis", "x", "--wait"], PIPE_AND_JSON),
    usageError(["run", SCREEN]),
    usageError(["run", SCREEN, "--molecule", MOLECULE]),
    usageError(["run", SCREEN, "--molecules", MOLECULE, "--limit", "many"]),
    {
      ...usageError(["run", SCREEN, "--molecules", MOLECULE, "--box.size", "0", "--limit", "2000"]),
      reply: (request) =>
        request.path.includes("/validation")
          ? {
              status: 200,
              body: {
                errors: [
                  { pointer: "/payload/box/size", detail: "must be greater than 0, not 0" },
                  { pointer: "/payload/limit", detail: "must be at most 1000, not 2000" },
                  { pointer: "/payload/molecules/0/smiles", detail: "must be string, not number" },
                ],
              },
            }
          : replyWithData(request),
    },
    usageError(["run"]),
    usageError(["run", "Rotate"]),
    usageError(["run", "./extensions.ts"]),
  ],
  "tasks submit": [
    success(["tasks", "submit", ROTATE, "--set", "angle=90"]),
    success(["tasks", "submit", ROTATE, "--set", "angle"], [80]),
    problem("validation-error", ["tasks", "submit", ROTATE], {
      detail: "The payload does not match the job's schema.",
      errors: [{ pointer: "/payload/axis", detail: "is required" }],
    }),
  ],
  "tasks status": [
    success(["tasks", "status", TASKS.pending]),
    success(["tasks", "status", TASKS.running]),
    success(["tasks", "status", TASKS.failed]),
    success(["tasks", "status", TASKS.completed]),
    problem("task-not-found", ["tasks", "status", TASKS.pending]),
    usageError(["tasks", "status", TASKS.pending, "--wait=soon"]),
  ],
  "tasks watch": [
    success(["tasks", "watch", TASKS.pending], PIPE_AND_JSON),
    // With --json, parts and changes are events of two streams, whose order is not fixed.
    success(["tasks", "watch", TASKS.running], ["pipe"]),
    problem("forbidden", ["tasks", "watch", TASKS.pending]),
  ],
  "tasks why": [
    success(["tasks", "why", TASKS.pending]),
    problem("task-not-found", ["tasks", "why", TASKS.pending]),
  ],
  "tasks logs": [success(["tasks", "logs", TASKS.pending]), empty(["tasks", "logs", TASKS.pending])],
  "tasks output": [
    success(["tasks", "output", TASKS.running]),
    empty(["tasks", "output", TASKS.pending]),
    usageError(["tasks", "output", TASKS.running, "--from", "x"]),
  ],
  "tasks files": [
    success(["tasks", "files", TASKS.completed]),
    empty(["tasks", "files", TASKS.pending]),
    problem("task-not-found", ["tasks", "files", TASKS.pending]),
  ],
  "tasks list": [
    success(["tasks", "list", "--room", "lab"]),
    empty(["tasks", "list"]),
    usageError(["tasks", "list", "--status", "done"]),
  ],
  "tasks cancel": [
    success(["tasks", "cancel", TASKS.pending]),
    problem("invalid-task-transition", ["tasks", "cancel", TASKS.completed], {
      ...{ from: "completed", to: "cancelled", allowed: [] },
      detail: "The task is completed and cannot be cancelled.",
    }),
  ],
  "tasks retry": [success(["tasks", "retry", TASKS.pending])],
  "tasks adopt": [success(["tasks", "adopt", TASKS.pending])],
  "tasks export": [
    success(["tasks", "export", TASKS.pending], [80]),
    success(["tasks", "export", TASKS.pending, "-o", "task.json"], [80]),
  ],
  "files get": [
    success(["files", "get", `files/${FILE_ID}`, "--output", "-"], PIPE_AND_JSON),
    usageError(["files", "get", FILE_ID, "--output", "-"]),
    usageError(["files", "get", "water.xyz"]),
    problem("file-not-found", ["files", "get", FILE_ID]),
  ],
  "jobs list": [success(["jobs", "list"]), empty(["jobs", "list", "--room", "lab"])],
  "jobs show": [success(["jobs", "show", SCREEN]), problem("job-not-found", ["jobs", "show", ROTATE])],
  read: [
    success(["read", "private:files:Directory", "path=runs", "--room", "lab"]),
    problem("provider-offline", ["read", "private:files:Directory", "--room", "lab"]),
    problem("answer-not-found", ["read", "private:files:Directory", "path=none", "--room", "lab"]),
    usageError(["read", "private:files:Directory", "runs", "--room", "lab"]),
    usageError(["read", "private:files:Directory"]),
  ],
  "providers list": [success(["providers", "list", "--room", "lab"]), empty(["providers", "list"])],
  "workers drain": [
    success(["workers", "drain", WORKER_ID]),
    problem("worker-not-found", ["workers", "drain", WORKER_ID]),
  ],
  "rooms list": [success(["rooms", "list"]), empty(["rooms", "list"])],
  "workers list": [success(["workers", "list"]), empty(["workers", "list", "--room", "lab"])],
  "rooms invite": [
    {
      ...success(["rooms", "invite", "lab", "--job", "chemistry:Screen", "--note", "Bob"]),
      description: "one line to paste",
    },
    usageError(["rooms", "invite", "lab", "--job", "Screen"]),
    usageError(["rooms", "invite", "lab", "--expires", "1y"]),
    problem("invitations-not-supported", ["rooms", "invite", "lab"]),
  ],
  "rooms invitations": [success(["rooms", "invitations", "lab"]), empty(["rooms", "invitations"])],
  "rooms revoke": [
    success(["rooms", "revoke", INVITATION_ID]),
    problem("invitation-not-found", ["rooms", "revoke", "nothing"]),
  ],
  types: [success(["types"], [80]), success(["types", "-o", "jobs.d.ts"], [80])],
  doctor: [
    {
      ...success(["doctor", "--room", "lab"]),
      description: "behind a proxy that answers for the server",
      environment: { env: { JOBLIB_TOKEN: "t" } },
    },
    {
      ...success(["doctor"]),
      description: "with an invalid token",
      reply: (request) =>
        request.path.startsWith("/v1/problems") ? replyWithData(request) : aProblem("unauthorized"),
      environment: { env: { JOBLIB_TOKEN: "t" } },
    },
    {
      argv: ["doctor"],
      modes: TERMINALS_AND_JSON,
      description: "without a server",
      environment: { env: { JOBLIB_URL: "http://127.0.0.1:1" } },
    },
  ],
  migrate: [usageError(["migrate", "--database-url", "mysql://db"])],
  "token create": [
    {
      ...success(["token", "create", "--sub", "ada", "--rooms", "lab", "--expires", "30d"]),
      environment: { env: { JOBLIB_JWT_SECRET: "s".repeat(32) } },
    },
    usageError(["token", "create", "--sub", "ada"]),
    usageError(["token", "create", "--sub", "ada", "--expires", "never"]),
  ],
  completion: [
    success(["completion", "bash"], [80]),
    success(["completion", "zsh"], [80]),
    success(["completion", "fish"], [80]),
    usageError(["completion", "tcsh"]),
  ],
};

/** The recorded cases of `joblib` itself, such as its help and its errors for unknown commands. */
export const PROGRAM: readonly GoldenCase[] = [
  { argv: ["--help"], modes: TERMINALS },
  { argv: ["--version"], modes: ["pipe"] },
  usageError(["taks"]),
  usageError(["tasks", "stauts"]),
  usageError(["tasks", "list", "--limt", "3"]),
  {
    argv: ["jobs", "list"],
    modes: TERMINALS_AND_JSON,
    description: "without a server",
    environment: { env: { JOBLIB_URL: "http://127.0.0.1:1" } },
  },
];
