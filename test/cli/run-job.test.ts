import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createPrompts, type Prompts } from "../../cli/prompts.ts";
import { startFakeApi } from "./fake-api.ts";
import { screen, server } from "./golden-replies.ts";
import { type CliWorld, runCli } from "./run-cli.ts";
import { aProblem } from "./wire-values.ts";

const JOB = screen.full_name;
const MOLECULE = { name: "aspirin", smiles: "CC(=O)Oc1ccccc1C(=O)O" };
const NEEDED = ["--molecules", JSON.stringify(MOLECULE)];

const sent = async (argv: readonly string[], world: CliWorld = {}, reply = server) => {
  await using api = await startFakeApi(reply);
  const run = await runCli(["run", JOB, ...argv, "--url", api.url], world);
  const submits = api.received.filter(
    ({ method, path }) => method === "POST" && path.includes("/rooms/@global/tasks/"),
  );
  return { ...run, submits, received: api.received };
};

test("a payload is a file, under --set, under flags, and goes with the task's options", async () => {
  const stdin = JSON.stringify({ limit: 1, method: "veber", box: { size: 1 } });
  const { exitCode, submits } = await sent(
    [
      "--file",
      "-",
      "--set",
      "limit=2",
      "--set",
      "box.unit=nm",
      "--limit",
      "3",
      ...NEEDED,
      "--priority",
      "5",
      "--idempotency-key",
      "k",
    ],
    { stdin },
  );

  expect(exitCode).toBe(0);
  expect(submits).toMatchObject([
    {
      headers: { "idempotency-key": "k" },
      body: {
        priority: 5,
        payload: { limit: 3, method: "veber", box: { size: 1, unit: "nm" }, molecules: [MOLECULE] },
      },
    },
  ]);
});

test("what the server's check finds is told by flags, and nothing is submitted", async () => {
  const errors = [{ pointer: "/payload/limit", detail: "must be at most 1000, not 2000" }];
  const { exitCode, stderr, submits } = await sent([...NEEDED, "--limit", "2000"], {}, (request) =>
    request.path.includes("/validation") ? { status: 200, body: { errors } } : server(request),
  );

  expect({ exitCode, stderr, submits }).toEqual({
    exitCode: 5,
    stderr: "joblib: --limit must be at most 1000, not 2000\n",
    submits: [],
  });
});

test("an older server, which has no such check, has the submit's own", async () => {
  const { exitCode, submits } = await sent(NEEDED, {}, (request) =>
    request.path.includes("/validation") ? aProblem("route-not-found") : server(request),
  );

  expect({ exitCode, count: submits.length }).toEqual({ exitCode: 0, count: 1 });
});

test("with --wait the result is the output, and everything else is told on stderr", async () => {
  const { exitCode, stdout, stderr } = await sent([...NEEDED, "--wait"]);

  expect({ exitCode, result: JSON.parse(stdout) }).toEqual({ exitCode: 0, result: { turned: true } });
  expect(stderr).toContain("pending (place 2 in the queue)");
  expect(stderr).toContain("aspirin was given twice");
  expect(stderr).toMatch(/completed after 1\.2 s\n$/);
});

test("on a terminal it is one view, drawn again in its place, whose lines of the log stay", async () => {
  const { stderr } = await sent([...NEEDED, "--wait"], { terminal: 120, env: { NO_COLOR: "1" } });

  expect(stderr).toContain("\u001b[");
  expect(stderr).toContain("place 2 in the queue");
  expect(stderr).toContain("████████░░░░░░░░░░░░ 42% aspirin");
  expect(stderr).toMatch(/03:04:05\.678 warn {2}aspirin was given twice, and is looked at once\ncompleted/);
});

describe("what is missing", () => {
  const answering = (answers: readonly string[]): { prompts: Prompts; asked: string[] } => {
    const asked: string[] = [];
    const rest = [...answers];
    return {
      asked,
      prompts: {
        async text({ message, validate }) {
          for (;;) {
            const answer = rest.shift() ?? "";
            const why = validate(answer);
            asked.push(why === undefined ? message : `${message} (${why})`);
            if (why === undefined) return answer;
          }
        },
        async choose(message, choices) {
          asked.push(`${message} [${choices.join(" ")}]`);
          return choices.indexOf(rest.shift() ?? "");
        },
      },
    };
  };

  test("is asked for where somebody sits at the terminal, and asked again where the answer will not do", async () => {
    const { prompts, asked } = answering(["nonsense", JSON.stringify(MOLECULE), "", "3"]);
    const { exitCode, submits } = await sent(["--set", "box={}"], { prompts });

    expect(asked).toEqual([
      'molecules: The molecules to look at (must be a JSON object, such as {"key": 1}, not "nonsense")',
      "molecules: The molecules to look at",
      "molecules 2",
      "box.size",
    ]);
    expect(exitCode).toBe(0);
    expect(submits[0]?.body).toMatchObject({ payload: { molecules: [MOLECULE], box: { size: 3 } } });
  });

  test("is named where nobody does, before anything is sent", async () => {
    const { exitCode, stderr, received } = await sent(["--box", "{}"]);

    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^joblib: --molecules, --box\.size must be given; /);
    expect(received.map(({ method }) => method)).toEqual(["GET"]);
  });

  const asking = () => {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    const question = createPrompts(input, output).text({
      ...{ message: "smiles", hint: "" },
      validate: (answer) => (answer === "" ? "must not be empty" : undefined),
    });
    return { input, output, question };
  };

  test("is typed at a prompt on stderr", async () => {
    const { input, output, question } = asking();
    await setImmediate();
    input.write("CCO\r");

    await expect(question).resolves.toBe("CCO");
    expect(String(output.read())).toContain("smiles");
  });

  test("is not asked for any more once Ctrl-C was pressed", async () => {
    const { input, question } = asking();
    await setImmediate();
    input.write("\u0003");

    await expect(question).rejects.toMatchObject({ exitCode: 130 });
  });
});

test("what a stranger's job says of itself is harmless on a terminal", async () => {
  const bad = "\u001b]0;owned\u0007\u202e";
  const job = {
    ...screen,
    description: bad,
    schema: {
      type: "object",
      properties: { a: { type: "string", description: bad, default: bad }, [bad]: {}, b: { enum: [bad] } },
      required: ["a"],
    },
  };
  const reply = () => ({ status: 200, body: job });

  for (const argv of [["--help"], [], ["--a", "x", "--b", "y"]]) {
    const { stdout, stderr } = await sent(argv, { terminal: 80 }, reply);
    expect((stdout + stderr).replace(/\u001b\[[0-9;]*m/g, "")).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
    );
  }
});
