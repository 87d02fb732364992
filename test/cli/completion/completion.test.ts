import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { SCRIPTS } from "../../../cli/completion/scripts.ts";
import { spawnProcess } from "../../support/processes.ts";
import { findPrograms } from "../../support/programs.ts";
import { type Reply, startFakeApi } from "../fake-api.ts";
import { replyWithData, TASKS } from "../golden-replies.ts";
import { runCli } from "../run-cli.ts";
import { aJob, aPage } from "../wire-values.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

const runCompletion = async (
  words: readonly string[],
  reply: Parameters<typeof startFakeApi>[0] = replyWithData,
) => {
  await using api = await startFakeApi(reply);
  const { exitCode, stdout, stderr } = await runCli(["__complete", ...words], {
    env: { JOBLIB_URL: api.url },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const values = stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t")[0]);
  return { stdout, values, paths: api.received.map(({ path }) => path) };
};

describe("completion", () => {
  test.each([
    [["ta"], ["tasks"]],
    [["tasks", "st"], ["status"]],
    [["tasks", "list", "--st"], ["--status"]],
    [
      ["tasks", "list", "--status", "c"],
      ["claimed", "completed", "cancelled"],
    ],
    [["tasks", "list", "--status=f"], ["--status=failed"]],
    [
      ["tasks", "list", "--room", ""],
      ["@global", "lab"],
    ],
    [["tasks", "status", ""], Object.values(TASKS)],
    [["jobs", "show", "public:c"], ["public:chemistry:Screen"]],
    [["run", "public:m"], ["public:modifiers:Rotate"]],
    [
      ["run", "public:chemistry:Screen", "--b"],
      ["--box", "--box.size", "--box.unit"],
    ],
    [["run", "public:chemistry:Screen", "--no"], ["--no-strict"]],
    [
      ["run", "public:chemistry:Screen", "--box.unit", ""],
      ["nm", "pm"],
    ],
    [["run", "public:chemistry:Screen", "--method=v"], ["--method=veber"]],
    [["rooms", "invite", "l"], ["lab"]],
    [
      ["rooms", "invite", "lab", "--job", ""],
      ["chemistry:Screen", "modifiers:Rotate"],
    ],
    [["rooms", "revoke", ""], ["01990000-0000-7000-8000-000000000091"]],
    [["completion", "z"], ["zsh"]],
    [
      ["serve", "--da"],
      ["--data-dir", "--database-url"],
    ],
    [["worker", ""], []],
    [["nothing", "at", ""], []],
  ])("completion of the words %j offers the candidates %j", async (words, values) => {
    expect((await runCompletion(words)).values).toEqual(values);
  });

  test("completion lists the tasks of the room in the command line", async () => {
    const { paths } = await runCompletion(["--room", "lab", "tasks", "status", ""]);

    expect(paths).toEqual(["/v1/joblib/rooms/lab/tasks?limit=100"]);
  });

  test("completion never offers names with special characters of a shell, and escapes descriptions", async () => {
    const names = ["public:a:$(touch owned)", "public:a:x;ls", "public:a:\u001b[31m", "public:a:Good"];
    const jobs = names.map((full_name) => aJob({ full_name, description: "\u001b]0;x\u0007\nsecond line" }));
    const { values, stdout } = await runCompletion(["run", ""], () => aPage(jobs));

    expect(values).toEqual(["public:a:Good"]);
    expect(stdout).not.toContain("\u001b");
  });

  test.each<[string, () => Reply | Promise<Reply>]>([
    ["fails", () => ({ status: 500, body: "oops", type: "text/html" })],
    ["does not respond", () => new Promise(() => {})],
  ])("completion waits at most a second, and offers nothing if the server %s", async (_, reply) => {
    const timeout = vi.spyOn(AbortSignal, "timeout");

    expect((await runCompletion(["tasks", "status", ""], reply)).values).toEqual([]);
    expect(timeout).toHaveBeenCalledWith(1000);
    timeout.mockRestore();
  });
});

/** Creates a directory for PATH with a command `joblib` that runs this CLI. */
const createCommandDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), "joblib-completion-"));
  const command = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "cli/main.ts")}" "$@"\n`;
  writeFileSync(join(directory, "joblib"), command, { mode: 0o755 });
  for (const [shell, script] of Object.entries(SCRIPTS))
    writeFileSync(join(directory, `joblib.${shell}`), script);
  return directory;
};

const runInShell = async (shell: string, args: readonly string[], program: string, url: string) => {
  const directory = createCommandDirectory();
  const env = { PATH: `${directory}:${process.env["PATH"]}`, JOBLIB_URL: url, HOME: directory, TERM: "dumb" };
  const run = spawnProcess(shell, [...args, program.replaceAll("%DIR%", directory)], { env, cwd: directory });
  await run.exit;
  return { lines: run.stdout().split(/\r?\n/).filter(Boolean), stderr: run.stderr() };
};

describe.each(["bash", "zsh", "fish"])("completion in %s", (shell) => {
  beforeAll(() => {
    findPrograms({ names: [shell], aptPackage: shell, directories: () => [] });
  }, 300_000);

  /**
   * Functions that build a script for each shell. The script completes a line as the Tab key does
   * in this shell, and prints the candidates.
   */
  const SCRIPT_BUILDERS: Readonly<Record<string, (line: string) => { args: string[]; program: string }>> = {
    bash: (line) => ({
      args: ["--norc", "-c"],
      program: `source %DIR%/joblib.bash; COMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _joblib joblib; printf '%s\\n' "\${COMPREPLY[@]}"`,
    }),
    // zsh completes only in its line editor: the script types into a pseudo-terminal and reads the
    // line back.
    zsh: (line) => ({
      args: ["-f", "-c"],
      program: `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z "PS1=; autoload -U compinit; compinit -u -D; source %DIR%/joblib.zsh; bindkey '^I' complete-word; zstyle ':completion:*' list-prompt ''; show() { print -r -- \\"<\\$BUFFER>\\" }; zle -N show; bindkey '^X' show"; zpty -w z "print ready"; zpty -r -m z out '*ready*ready*'; zpty -n -w z $'${line}\\t\\x18'; zpty -r -m z out '*<joblib*>*'; print -r -- "$out" | grep -o '<joblib.*>'; zpty -d z`,
    }),
    fish: (line) => ({
      args: ["--no-config", "-c"],
      program: `source %DIR%/joblib.fish; complete -C '${line}' | string replace -r '\\t.*' ''`,
    }),
  };

  test.each([
    ["joblib tasks sta", "status", "tasks status"],
    ["joblib run public:chemistry:Sc", "public:chemistry:Screen", "run public:chemistry:Screen"],
    ["joblib run public:chemistry:Screen --meth", "--method", "--method"],
  ])(
    `completion in ${shell} of the line “%s” offers the candidate “%s”`,
    { timeout: 60_000 },
    async (line, offered, whole) => {
      await using api = await startFakeApi(replyWithData);
      const press = SCRIPT_BUILDERS[shell]?.(line);
      const { lines, stderr } = await runInShell(shell, press?.args ?? [], press?.program ?? "", api.url);

      // Bash treats a colon as the start of a new word, so its script prints only the part after
      // the last colon. The script for zsh prints the completed line.
      const expected =
        shell === "bash" ? offered.slice(offered.lastIndexOf(":") + 1) : shell === "zsh" ? whole : offered;
      expect(lines.join("\n"), stderr).toContain(expected);
    },
  );
});
