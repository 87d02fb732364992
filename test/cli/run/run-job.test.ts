import { PassThrough } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createPrompts, type Prompts } from "../../../cli/io/prompts.ts";
import { startFakeApi } from "../fake-api.ts";
import { replyWithData, screen } from "../golden-replies.ts";
import { type CliEnvironment, runCli } from "../run-cli.ts";
import { aProblem } from "../wire-values.ts";

const JOB = screen.full_name;
const MOLECULE = { name: "aspirin", smiles: "CC(=O)Oc1ccccc1C(=O)O" };
const REQUIRED_FLAGS = ["--molecules", JSON.stringify(MOLECULE)];

const submit = async (argv: readonly string[], environment: CliEnvironment = {}, reply = replyWithData) => {
  await using api = await startFakeApi(reply);
  const run = await runCli(["run", JOB, ...argv, "--url", api.url], environment);
  const submits = api.received.filter(
    ({ method, path }) => method === "POST" && path.includes("/rooms/@global/tasks/"),
  );
  return { ...run, submits, received: api.received };
};

test("`joblib run` builds the payload from a file, --set and flags, in this order, and sends the task options", async () => {
  const stdin = JSON.stringify({ limit: 1, method: "veber", box: { size: 1 } });
  const { exitCode, submits } = await submit(
    [
      "--payload-file",
      "-",
      "--set",
      "limit=2",
      "--set",
      "box.unit=nm",
      "--limit",
      "3",
      ...REQUIRED_FLAGS,
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

test("`joblib run` prints the flag of each validation error of the server, and submits nothing", async () => {
  const errors = [{ pointer: "/payload/limit", detail: "must be at most 1000, not 2000" }];
  const { exitCode, stderr, submits } = await submit([...REQUIRED_FLAGS, "--limit", "2000"], {}, (request) =>
    request.path.includes("/validation") ? { status: 200, body: { errors } } : replyWithData(request),
  );

  expect({ exitCode, stderr, submits }).toEqual({
    exitCode: 5,
    stderr: "joblib: --limit must be at most 1000, not 2000\n",
    submits: [],
  });
});

test("`joblib run` submits without validation to an older server that does not support it", async () => {
  const { exitCode, submits } = await submit(REQUIRED_FLAGS, {}, (request) =>
    request.path.includes("/validation") ? aProblem("route-not-found") : replyWithData(request),
  );

  expect({ exitCode, count: submits.length }).toEqual({ exitCode: 0, count: 1 });
});

test("`joblib run --wait` prints the result to stdout, and everything else to stderr", async () => {
  const { exitCode, stdout, stderr } = await submit([...REQUIRED_FLAGS, "--wait"]);

  expect({ exitCode, result: JSON.parse(stdout) }).toEqual({ exitCode: 0, result: { turned: true } });
  expect(stderr).toContain("pending (queue position 2)");
  expect(stderr).toContain("aspirin occurs twice");
  expect(stderr).toMatch(/completed after 1\.2 s\n$/);
});

test("`joblib run --wait` redraws the status on a terminal, and keeps the log lines", async () => {
  const { stderr } = await submit([...REQUIRED_FLAGS, "--wait"], { terminal: 120, env: { NO_COLOR: "1" } });

  expect(stderr).toContain("\u001b[");
  expect(stderr).toContain("queue position 2");
  expect(stderr).toContain("████████░░░░░░░░░░░░ 42% aspirin");
  expect(stderr).toMatch(/03:04:05\.678 warn {2}aspirin occurs twice and is screened only once\ncompleted/);
});

describe("missing parameters", () => {
  const createPromptsWithAnswers = (
    answers: readonly string[],
  ): { prompts: Prompts; questions: string[] } => {
    const questions: string[] = [];
    const rest = [...answers];
    return {
      questions,
      prompts: {
        async text({ message, validate }) {
          for (;;) {
            const answer = rest.shift() ?? "";
            const problem = validate(answer);
            questions.push(problem === undefined ? message : `${message} (${problem})`);
            if (problem === undefined) return answer;
          }
        },
        async choose(message, choices) {
          questions.push(`${message} [${choices.join(" ")}]`);
          return choices.indexOf(rest.shift() ?? "");
        },
      },
    };
  };

  test("a missing parameter causes a prompt on a terminal, and a second prompt after an invalid answer", async () => {
    const { prompts, questions } = createPromptsWithAnswers(["nonsense", JSON.stringify(MOLECULE), "", "3"]);
    const { exitCode, submits } = await submit(["--set", "box={}"], { prompts });

    expect(questions).toEqual([
      'molecules: The molecules to screen (must be a JSON object, such as {"key": 1}, not "nonsense")',
      "molecules: The molecules to screen",
      "molecules 2",
      "box.size",
    ]);
    expect(exitCode).toBe(0);
    expect(submits[0]?.body).toMatchObject({ payload: { molecules: [MOLECULE], box: { size: 3 } } });
  });

  test("`joblib run` without a terminal exits with code 5 and names the missing parameters, without a prompt or a submit", async () => {
    const { exitCode, stderr, received } = await submit(["--box", "{}"]);

    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/^joblib: missing --molecules, --box\.size\. Run /);
    expect(received.map(({ method }) => method)).toEqual(["GET"]);
  });

  const startPrompt = () => {
    const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
    const output = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 });
    const question = createPrompts(input, output).text({
      ...{ message: "smiles", hint: "" },
      validate: (answer) => (answer === "" ? "must not be empty" : undefined),
    });
    return { input, output, question };
  };

  test("a prompt for a missing parameter is printed on stderr and accepts typed text", async () => {
    const { input, output, question } = startPrompt();
    await setImmediate();
    input.write("CCO\r");

    await expect(question).resolves.toBe("CCO");
    expect(String(output.read())).toContain("smiles");
  });

  test("a missing parameter causes exit code 130 if Ctrl-C cancels the prompt", async () => {
    const { input, question } = startPrompt();
    await setImmediate();
    input.write("\u0003");

    await expect(question).rejects.toMatchObject({ exitCode: 130 });
  });
});

test("`joblib run` escapes the untrusted texts of a job for the terminal", async () => {
  const harmful = "\u001b]0;owned\u0007\u202e";
  const job = {
    ...screen,
    description: harmful,
    schema: {
      type: "object",
      properties: {
        a: { type: "string", description: harmful, default: harmful },
        [harmful]: {},
        b: { enum: [harmful] },
      },
      required: ["a"],
    },
  };
  const reply = () => ({ status: 200, body: job });

  for (const argv of [["--help"], [], ["--a", "x", "--b", "y"]]) {
    const { stdout, stderr } = await submit(argv, { terminal: 80 }, reply);
    expect((stdout + stderr).replace(/\u001b\[[0-9;]*m/g, "")).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/,
    );
  }
});
