import { CommanderError } from "commander";
import type { ProblemId } from "../protocol/problem.ts";
import {
  ConnectionError,
  InterruptedError as InterruptedRunError,
  ProblemError,
  ProtocolError,
  SchemaConflictError,
  UsageError as SdkUsageError,
  ValidationError,
} from "../sdk/errors.ts";
import { CliError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { formatDiff } from "./views/diff-view.ts";

/** What a person is told of an error, what a program is told, and how the process ends. */
export interface Failure {
  readonly exitCode: ExitCode;
  readonly line: string;
  /** What follows the line. */
  readonly details: readonly string[];
  /** RFC 9457: the server's own document, or one made here. */
  readonly problem: Readonly<Record<string, unknown>>;
}

const EXIT_OF_PROBLEM: Record<ProblemId, ExitCode> = {
  "malformed-request": EXIT.rejected,
  "invalid-room-id": EXIT.usage,
  "invalid-category": EXIT.usage,
  "invalid-job-name": EXIT.usage,
  unauthorized: EXIT.notAllowed,
  forbidden: EXIT.notAllowed,
  "job-not-found": EXIT.notFound,
  "worker-not-found": EXIT.notFound,
  "task-not-found": EXIT.notFound,
  "invitation-not-found": EXIT.notFound,
  "route-not-found": EXIT.notFound,
  "method-not-allowed": EXIT.serverFailed,
  "schema-conflict": EXIT.conflict,
  "no-workers-available": EXIT.conflict,
  "invalid-task-transition": EXIT.conflict,
  "task-lost": EXIT.conflict,
  "no-invitations": EXIT.conflict,
  "payload-too-large": EXIT.rejected,
  "unsupported-media-type": EXIT.bug,
  "validation-error": EXIT.rejected,
  "idempotency-conflict": EXIT.conflict,
  "rate-limited": EXIT.serverFailed,
  "internal-error": EXIT.serverFailed,
  "service-unavailable": EXIT.serverFailed,
};

/** What a person may do about a problem, after the server's own sentence. */
const TIP_OF_PROBLEM: { readonly [Id in ProblemId]?: string } = {
  "job-not-found": "`joblib jobs list` shows those that there are",
  "route-not-found": "is the server's url right? (--url or JOBLIB_URL; a prefix is part of it)",
  unauthorized: "a token is given by --token or JOBLIB_TOKEN",
};

const isKnown = (id: string): id is ProblemId => Object.hasOwn(EXIT_OF_PROBLEM, id);

/** A problem that the catalogue does not have: a newer server's, told by its status as far as that goes. */
const exitOfStatus = (status: number): ExitCode => {
  if (status === 401 || status === 403) return EXIT.notAllowed;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.conflict;
  return status === 413 || status === 422 ? EXIT.rejected : EXIT.serverFailed;
};

const isAboutPayload = (pointer: string) => /(^|\/)payload(\/|$)/.test(pointer);

const exitOfProblem = (error: ProblemError): ExitCode => {
  if (error instanceof ValidationError && error.errors.length > 0) {
    return error.errors.some(({ pointer }) => isAboutPayload(pointer)) ? EXIT.rejected : EXIT.usage;
  }
  return isKnown(error.id) ? EXIT_OF_PROBLEM[error.id] : exitOfStatus(error.status);
};

const ownProblem = (title: string, detail: string) => ({ type: "about:blank", title, detail });

const problemFailure = (error: ProblemError): Failure => {
  const { title, detail, errors = [] } = error.problem;
  const details =
    error instanceof SchemaConflictError
      ? [...formatDiff(error.diff), SCHEMA_STAYS]
      : errors.map((one) => `  ${one.pointer === "" ? "/" : one.pointer}: ${one.detail}`);
  const tip = isKnown(error.id) ? TIP_OF_PROBLEM[error.id] : undefined;
  const line = withTip(oneLine(detail || title), tip);
  return { exitCode: exitOfProblem(error), line, details, problem: error.problem };
};

const plain = (
  exitCode: ExitCode,
  title: string,
  detail: string,
  details: readonly string[] = [],
): Failure => ({
  exitCode,
  line: oneLine(detail),
  details,
  problem: ownProblem(title, detail),
});

const REPORT = "run it again with JOBLIB_DEBUG=1 and report what that prints to joblib's issue tracker";

/** `joblib tasks` alone has printed its help already, and has no message of its own. */
const commanderMessage = ({ code, message }: CommanderError): string =>
  code === "commander.help"
    ? "say what to do: one of these commands"
    : oneLine(message.replace(/^error: /, ""));

const SCHEMA_STAYS =
  "the registered schema stays while workers or open tasks have it: end those, or give the class another name";
const NO_SERVER = "does a server run there? (`joblib serve`; --url or JOBLIB_URL)";

const withTip = (line: string, tip: string | undefined) =>
  tip === undefined ? line : `${line.replace(/\.$/, "")}; ${tip}`;

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, " ");

/** What an error comes to, whatever it is. */
export const toFailure = (error: unknown): Failure => {
  if (error instanceof CliError) return plain(error.exitCode, error.name, error.message, error.details);
  if (error instanceof CommanderError) return plain(EXIT.usage, "UsageError", commanderMessage(error));
  if (error instanceof ProblemError) return problemFailure(error);
  if (error instanceof ConnectionError) {
    const failure = plain(EXIT.unreachable, error.name, error.message);
    return { ...failure, line: withTip(failure.line, NO_SERVER) };
  }
  if (error instanceof ProtocolError) return plain(EXIT.serverFailed, error.name, error.message);
  if (error instanceof SdkUsageError) return plain(EXIT.usage, error.name, error.message);
  if (error instanceof InterruptedRunError) return plain(EXIT.interrupted, error.name, error.message);
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return plain(EXIT.bug, "Bug", `this is a bug in joblib: ${message}; ${REPORT}`);
};
