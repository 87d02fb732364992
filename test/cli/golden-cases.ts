import { INVITATION_ID, replyEmpty, server, TASKS, WORKER_ID } from "./golden-replies.ts";
import { EVERYWHERE, type GoldenCase, HELP, PIPED } from "./golden-run.ts";
import { aProblem } from "./wire-values.ts";

const ok = (argv: readonly string[], modes: GoldenCase["modes"] = EVERYWHERE): GoldenCase => ({
  argv,
  modes,
  reply: server,
});
const nothing = (argv: readonly string[]): GoldenCase => ({
  argv,
  modes: EVERYWHERE,
  about: "where there is none",
  reply: replyEmpty,
});
const wrong = (argv: readonly string[]): GoldenCase => ({ argv, modes: [80, "json"], reply: server });
const problem = (id: Parameters<typeof aProblem>[0], argv: readonly string[], extras = {}): GoldenCase => ({
  ...{ argv, modes: EVERYWHERE, about: id },
  reply: () => aProblem(id, extras),
});

const ROTATE = "public:modifiers:Rotate";
const SCREEN = "public:chemistry:Screen";
const MOLECULE = '{"name":"aspirin","smiles":"CC(=O)Oc1ccccc1C(=O)O"}';

/** What is kept of each command besides its help; `COMMAND_NAMES` says which there are. */
export const CASES: Readonly<Record<string, readonly GoldenCase[]>> = {
  serve: [
    ok(["serve", "--print-settings"]),
    wrong(["serve", "--port", "99999"]),
    { ...wrong(["serve"]), world: { env: { JOBLIB_DATABASE_URL: "mysql://db" } } },
  ],
  worker: [wrong(["worker", "./nothing.ts", "--public"]), wrong(["worker"])],
  dev: [wrong(["dev", "./nothing.ts"])],
  run: [
    ok(["run", SCREEN, "--help"]),
    ok(["run", SCREEN, "--molecules", MOLECULE, "--limit", "300", "--strict"]),
    ok(["run", ROTATE, "--axis", "x", "--wait"], PIPED),
    wrong(["run", SCREEN]),
    wrong(["run", SCREEN, "--molecule", MOLECULE]),
    wrong(["run", SCREEN, "--molecules", MOLECULE, "--limit", "many"]),
    {
      ...wrong(["run", SCREEN, "--molecules", MOLECULE, "--box.size", "0", "--limit", "2000"]),
      reply: (request) =>
        request.path.includes("/validation")
          ? {
              status: 200,
              body: {
                errors: [
                  { pointer: "/payload/box/size", detail: "must be more than 0, not 0" },
                  { pointer: "/payload/limit", detail: "must be at most 1000, not 2000" },
                  { pointer: "/payload/molecules/0/smiles", detail: "must be string, not number" },
                ],
              },
            }
          : server(request),
    },
    wrong(["run"]),
    wrong(["run", "Rotate"]),
    wrong(["run", "./extensions.ts"]),
  ],
  "tasks submit": [
    ok(["tasks", "submit", ROTATE, "--set", "angle=90"]),
    ok(["tasks", "submit", ROTATE, "--set", "angle"], [80]),
    problem("validation-error", ["tasks", "submit", ROTATE], {
      detail: "The payload does not fit the job's schema.",
      errors: [{ pointer: "/payload/axis", detail: "is required" }],
    }),
  ],
  "tasks status": [
    ok(["tasks", "status", TASKS.pending]),
    ok(["tasks", "status", TASKS.running]),
    ok(["tasks", "status", TASKS.failed]),
    ok(["tasks", "status", TASKS.completed]),
    problem("task-not-found", ["tasks", "status", TASKS.pending]),
    wrong(["tasks", "status", TASKS.pending, "--wait=soon"]),
  ],
  "tasks watch": [
    ok(["tasks", "watch", TASKS.pending], PIPED),
    problem("forbidden", ["tasks", "watch", TASKS.pending]),
  ],
  "tasks why": [
    ok(["tasks", "why", TASKS.pending]),
    problem("task-not-found", ["tasks", "why", TASKS.pending]),
  ],
  "tasks logs": [ok(["tasks", "logs", TASKS.pending]), nothing(["tasks", "logs", TASKS.pending])],
  "tasks list": [
    ok(["tasks", "list", "--room", "lab"]),
    nothing(["tasks", "list"]),
    wrong(["tasks", "list", "--status", "done"]),
  ],
  "tasks cancel": [
    ok(["tasks", "cancel", TASKS.pending]),
    problem("invalid-task-transition", ["tasks", "cancel", TASKS.completed], {
      ...{ from: "completed", to: "cancelled", allowed: [] },
      detail: "The task is completed, and cannot become cancelled.",
    }),
  ],
  "tasks retry": [ok(["tasks", "retry", TASKS.pending])],
  "tasks adopt": [ok(["tasks", "adopt", TASKS.pending])],
  "tasks export": [
    ok(["tasks", "export", TASKS.pending], [80]),
    ok(["tasks", "export", TASKS.pending, "-o", "task.json"], [80]),
  ],
  "jobs list": [ok(["jobs", "list"]), nothing(["jobs", "list", "--room", "lab"])],
  "jobs show": [ok(["jobs", "show", SCREEN]), problem("job-not-found", ["jobs", "show", ROTATE])],
  "workers drain": [
    ok(["workers", "drain", WORKER_ID]),
    problem("worker-not-found", ["workers", "drain", WORKER_ID]),
  ],
  "rooms list": [ok(["rooms", "list"]), nothing(["rooms", "list"])],
  "workers list": [ok(["workers", "list"]), nothing(["workers", "list", "--room", "lab"])],
  "rooms invite": [
    {
      ...ok(["rooms", "invite", "lab", "--job", "chemistry:Screen", "--note", "Bob"]),
      about: "one line to paste",
    },
    wrong(["rooms", "invite", "lab", "--job", "Screen"]),
    wrong(["rooms", "invite", "lab", "--expires", "1y"]),
    problem("no-invitations", ["rooms", "invite", "lab"]),
  ],
  "rooms invites": [ok(["rooms", "invites", "lab"]), nothing(["rooms", "invites"])],
  "rooms revoke": [
    ok(["rooms", "revoke", INVITATION_ID]),
    problem("invitation-not-found", ["rooms", "revoke", "nothing"]),
  ],
  types: [ok(["types"], [80]), ok(["types", "-o", "jobs.d.ts"], [80])],
  doctor: [
    {
      ...ok(["doctor", "--room", "lab"]),
      about: "behind a proxy that answers for the server",
      world: { env: { JOBLIB_TOKEN: "t" } },
    },
    {
      ...ok(["doctor"]),
      about: "with a token that is not valid",
      reply: (request) =>
        request.path.startsWith("/v1/problems") ? server(request) : aProblem("unauthorized"),
      world: { env: { JOBLIB_TOKEN: "t" } },
    },
    {
      argv: ["doctor"],
      modes: EVERYWHERE,
      about: "where no server is",
      world: { env: { JOBLIB_URL: "http://127.0.0.1:1" } },
    },
  ],
  migrate: [wrong(["migrate", "--database-url", "mysql://db"])],
  "token create": [
    {
      ...ok(["token", "create", "--sub", "ada", "--rooms", "lab", "--expires", "30d"]),
      world: { env: { JOBLIB_JWT_SECRET: "s".repeat(32) } },
    },
    wrong(["token", "create", "--sub", "ada"]),
    wrong(["token", "create", "--sub", "ada", "--expires", "never"]),
  ],
  completion: [
    ok(["completion", "bash"], [80]),
    ok(["completion", "zsh"], [80]),
    ok(["completion", "fish"], [80]),
    wrong(["completion", "tcsh"]),
  ],
};

/** Of the program itself. */
export const PROGRAM: readonly GoldenCase[] = [
  { argv: ["--help"], modes: HELP },
  { argv: ["--version"], modes: ["pipe"] },
  wrong(["taks"]),
  wrong(["tasks", "stauts"]),
  wrong(["tasks", "list", "--limt", "3"]),
  {
    argv: ["jobs", "list"],
    modes: EVERYWHERE,
    about: "where no server is",
    world: { env: { JOBLIB_URL: "http://127.0.0.1:1" } },
  },
];
