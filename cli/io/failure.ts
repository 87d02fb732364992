import { CommanderError } from "commander";
import type { ProblemId } from "../../protocol/problem.ts";
import {
  ConnectionError,
  FileIntegrityError,
  InterruptedError as InterruptedRunError,
  ProblemError,
  ProtocolError,
  SchemaConflictError,
  UsageError as SdkUsageError,
  ValidationError,
} from "../../sdk/errors.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { formatDiff } from "../views/diff-view.ts";
import { CliError } from "./errors.ts";

/** A reported error: a line for users, a problem document for programs, and an exit code. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly line: string;
  /** Lines to print after the first one. */
  readonly details: readonly string[];
  /** A problem document (RFC 9457): the server's, or a new one for an error of the client. */
  readonly problem: Readonly<Record<string, unknown>>;
}

const EXIT_BY_PROBLEM: Record<ProblemId, ExitCode> = {
  "malformed-request": EXIT.rejected,
  "invalid-room-id": EXIT.usage,
  "invalid-category": EXIT.usage,
  "invalid-job-name": EXIT.usage,
  unauthorized: EXIT.notAllowed,
  forbidden: EXIT.notAllowed,
  "job-not-found": EXIT.notFound,
  "worker-not-found": EXIT.notFound,
  "task-not-found": EXIT.notFound,
  "provider-not-found": EXIT.notFound,
  "answer-not-found": EXIT.notFound,
  "file-not-found": EXIT.notFound,
  "invitation-not-found": EXIT.notFound,
  "route-not-found": EXIT.notFound,
  "method-not-allowed": EXIT.serverFailed,
  "schema-conflict": EXIT.conflict,
  "no-workers-available": EXIT.conflict,
  "invalid-task-transition": EXIT.conflict,
  "output-gap": EXIT.conflict,
  "task-lost": EXIT.conflict,
  "read-lost": EXIT.conflict,
  "file-incomplete": EXIT.conflict,
  "upload-conflict": EXIT.conflict,
  "files-not-supported": EXIT.conflict,
  "invitations-not-supported": EXIT.conflict,
  "output-too-large": EXIT.rejected,
  "file-too-large": EXIT.rejected,
  "quota-exceeded": EXIT.rejected,
  "payload-too-large": EXIT.rejected,
  "unsupported-media-type": EXIT.bug,
  "range-not-satisfiable": EXIT.rejected,
  "validation-error": EXIT.rejected,
  "idempotency-conflict": EXIT.conflict,
  "rate-limited": EXIT.serverFailed,
  "internal-error": EXIT.serverFailed,
  "read-failed": EXIT.taskFailed,
  "provider-offline": EXIT.serverFailed,
  "service-unavailable": EXIT.serverFailed,
  "provider-timeout": EXIT.notFinished,
  "insufficient-storage": EXIT.serverFailed,
};

/** Advice for some problems. It is printed after the detail of the server. */
const ADVICE_BY_PROBLEM: { readonly [Id in ProblemId]?: string } = {
  "job-not-found": "Run `joblib jobs list` to list the available jobs.",
  "provider-not-found": "Run `joblib providers list` to list the available providers.",
  "route-not-found": "Check --url or JOBLIB_URL; it must include the prefix of the API, if there is one.",
  "task-not-found": "Check the id, or run `joblib tasks list` to list the tasks of a room.",
  "worker-not-found": "Run `joblib workers list` to list the workers.",
  "invitation-not-found": "Run `joblib rooms invitations` to list the invitations of a room.",
  "provider-timeout": "Set the time with --wait <seconds>.",
  unauthorized: "Pass a valid token with --token or JOBLIB_TOKEN.",
  forbidden: "Run `joblib doctor` to see what your token allows.",
};

const isKnownProblem = (id: string): id is ProblemId => Object.hasOwn(EXIT_BY_PROBLEM, id);

/**
 * Returns the exit code of a problem whose id is unknown, for example because the server is newer.
 */
function getExitCodeByStatus(status: number): ExitCode {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.conflict;
  return status === 413 || status === 422 ? EXIT.rejected : EXIT.serverFailed;
}

const isAboutPayload = (pointer: string) => /(^|\/)payload(\/|$)/.test(pointer);

function getProblemExitCode(error: ProblemError): ExitCode {
  if (error instanceof ValidationError && error.errors.length > 0) {
    return error.errors.some(({ pointer }) => isAboutPayload(pointer)) ? EXIT.rejected : EXIT.usage;
  }
  return isKnownProblem(error.id) ? EXIT_BY_PROBLEM[error.id] : getExitCodeByStatus(error.status);
}

const createProblem = (title: string, detail: string) => ({ type: "about:blank", title, detail });

function toProblemFailure(error: ProblemError): Failure {
  const { title, detail, errors = [] } = error.problem;
  const details =
    error instanceof SchemaConflictError
      ? [...formatDiff(error.diff), SCHEMA_ADVICE]
      : errors.map(({ pointer, detail: reason }) => `  ${pointer === "" ? "/" : pointer}: ${reason}`);
  const advice = isKnownProblem(error.id) ? ADVICE_BY_PROBLEM[error.id] : undefined;
  const line = addAdvice(joinLines(detail || title), advice);
  return { exitCode: getProblemExitCode(error), line, details, problem: error.problem };
}

function createFailure(
  exitCode: ExitCode,
  title: string,
  detail: string,
  details: readonly string[] = [],
): Failure {
  return {
    exitCode,
    line: joinLines(detail),
    details,
    problem: createProblem(title, detail),
  };
}

const BUG_ADVICE =
  "Run the command again with JOBLIB_DEBUG=1 and report the output in the issue tracker of joblib.";

/**
 * Returns the message of an error of commander. Adds advice, unless the message contains a
 * suggestion ("Did you mean …?").
 */
function getCommanderMessage({ code, message }: CommanderError): string {
  // If a group such as `joblib tasks` is called without a command, commander prints the help, and
  // its error has no useful message.
  if (code === "commander.help") return "missing command. Choose one of the commands above.";
  const line = joinLines(message.replace(/^error: /, ""));
  return line.endsWith("?)") ? line : addAdvice(line, USAGE_ADVICE);
}

const USAGE_ADVICE = "Run the command with --help to show its usage.";
const SCHEMA_ADVICE =
  "The registered schema cannot change while workers or unfinished tasks use it. Stop them, or rename the class.";
const CONNECTION_ADVICE = "Check --url or JOBLIB_URL, or start a server with `joblib serve`.";

function addAdvice(line: string, advice: string | undefined) {
  return advice === undefined ? line : `${line.replace(/\.$/, "")}. ${advice}`;
}

const joinLines = (text: string) => text.replace(/\s*\n\s*/g, " ");

/** Converts an error of any type to a `Failure`. */
export function toFailure(error: unknown): Failure {
  if (error instanceof CliError)
    return createFailure(error.exitCode, error.name, error.message, error.details);
  if (error instanceof CommanderError)
    return createFailure(EXIT.usage, "UsageError", getCommanderMessage(error));
  if (error instanceof ProblemError) return toProblemFailure(error);
  if (error instanceof ConnectionError) {
    const failure = createFailure(EXIT.unreachable, error.name, error.message);
    return { ...failure, line: addAdvice(failure.line, CONNECTION_ADVICE) };
  }
  if (error instanceof ProtocolError || error instanceof FileIntegrityError)
    return createFailure(EXIT.serverFailed, error.name, error.message);
  if (error instanceof SdkUsageError) return createFailure(EXIT.usage, error.name, error.message);
  if (error instanceof InterruptedRunError) return createFailure(EXIT.interrupted, error.name, error.message);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return createFailure(EXIT.bug, "Bug", `this is a bug in joblib: ${message}. ${BUG_ADVICE}`);
}
