import { CommanderError } from "commander";
import { COMPLETE_COMMAND } from "./completion/scripts.ts";
import { normalizeWait } from "./connect/option-values.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { createIo } from "./io/output.ts";
import type { OutputStream } from "./io/output-stream.ts";
import { toSafeJson } from "./io/sanitize.ts";
import { createProgram } from "./program.ts";
import type { Tools } from "./tools.ts";

/** The process that runs a command. */
export interface CliProcess {
  readonly tools: Omit<Tools, "exit" | "io">;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** Runs a command line (without `node` and the script) and returns the exit code. Never throws. */
export async function run(argv: readonly string[], cliProcess: CliProcess): Promise<ExitCode> {
  const { stdout, stderr } = cliProcess;
  const { env, version } = cliProcess.tools;
  let exitCode: ExitCode = EXIT.ok;
  const tools: Tools = {
    ...cliProcess.tools,
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
      return EXIT.ok;
    }
    await program.parseAsync(normalizeWait(argv), { from: "user" });
    return exitCode;
  } catch (error) {
    // Commander also throws for --help and --version.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    return report(error, argv, cliProcess);
  }
}

/** Prints an error as a line with details, or with `--json` as a problem document. */
async function report(
  error: unknown,
  argv: readonly string[],
  { stdout, stderr, tools: { env } }: CliProcess,
): Promise<ExitCode> {
  // Imported on demand, because this module loads the error classes of the SDK and with them the
  // whole protocol, which `--help` does not need.
  const { toFailure } = await import("./io/failure.ts");
  const { exitCode, line, details, problem } = toFailure(error);
  if (argv.includes("--json")) {
    stderr.write(`${toSafeJson({ ...problem, exit_code: exitCode })}\n`);
  } else {
    const io = createIo({ stdout, stderr, env, json: false });
    io.printNote(`joblib: ${line}`, "error");
    for (const detail of details) io.printNote(detail);
  }
  if (env["JOBLIB_DEBUG"] === "1" && error instanceof Error)
    stderr.write(`${error.stack ?? error.message}\n`);
  return exitCode;
}
