import { CommanderError } from "commander";
import { COMPLETE_COMMAND } from "./completion/scripts.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { createIo, type OutputStream } from "./io.ts";
import { createProgram } from "./program.ts";
import { toSafeJson } from "./sanitize.ts";
import type { Tools } from "./tools.ts";
import { normalizeWait } from "./wait-argument.ts";

/** What a run of the command line is given of its process. */
export interface CliProcess {
  readonly tools: Omit<Tools, "exit" | "io">;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Runs one command line (without node and script) to its end; gives the exit code, and never throws. */
export const run = async (argv: readonly string[], world: CliProcess): Promise<ExitCode> => {
  const { stdout, stderr } = world;
  const { env, version } = world.tools;
  let exitCode: ExitCode = EXIT.fine;
  const tools: Tools = {
    ...world.tools,
    io: ({ json }) => createIo({ stdout, stderr, env, json }),
    exit: (code) => {
      exitCode = code;
    },
  };
  try {
    const program = await createProgram(tools, argv, { stdout, stderr, version });
    if (argv[0] === COMPLETE_COMMAND) {
      const { complete } = await import("./completion/complete.ts");
      stdout.write(await complete(program, argv.slice(1), tools));
      return EXIT.fine;
    }
    await program.parseAsync(normalizeWait(argv), { from: "user" });
    return exitCode;
  } catch (error) {
    // Help and version that were asked for are no errors, though commander raises them.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.fine;
    return report(error, argv, world);
  }
};

/** The one place that prints errors: a line, and what belongs to it, or a problem document. */
const report = async (
  error: unknown,
  argv: readonly string[],
  { stdout, stderr, tools: { env } }: CliProcess,
): Promise<ExitCode> => {
  // The SDK's errors come with the whole protocol: `--help` starts without them.
  const { failureOf } = await import("./failure.ts");
  const { exitCode, line, details, problem } = failureOf(error);
  if (argv.includes("--json")) {
    stderr.write(`${toSafeJson({ ...problem, exit_code: exitCode })}\n`);
  } else {
    const io = createIo({ stdout, stderr, env, json: false });
    io.note(`joblib: ${line}`, "bad");
    for (const detail of details) io.note(detail);
  }
  if (env["JOBLIB_DEBUG"] === "1" && error instanceof Error)
    stderr.write(`${error.stack ?? error.message}\n`);
  return exitCode;
};
