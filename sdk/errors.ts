import {
  type FieldError,
  type PatchOperation,
  Problem,
  type ProblemDocument,
  type ProblemId,
  parseProblemId,
  type StopReason,
  type TaskStatus,
} from "../protocol/index.ts";

/** The root of every error that joblib's SDK raises on purpose. */
export class JoblibError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The calling program is wrong: an option, a class or a name that can never work. */
export class UsageError extends JoblibError {}

/** No answer of joblib's came: refused, cut, no such host, or a gateway that speaks for itself. */
export class ConnectionError extends JoblibError {}

/** No answer came in time. */
export class DeadlineError extends ConnectionError {}

/** A proxy answered in joblib's stead that joblib cannot be reached now (429, 502, 503 or 504). */
export class GatewayError extends ConnectionError {
  readonly status: number;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** An answer that the contract does not have: HTML, a redirect, too much, or a body of another shape. */
export class ProtocolError extends JoblibError {
  /** The status of the answer, where there was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** The task was interrupted by its own worker's end. */
export class InterruptedError extends JoblibError {}

/** A problem that the server answered; every id of the catalogue has a class of its own. */
export class ProblemError extends JoblibError {
  /** The RFC 9457 document as it came. */
  readonly problem: ProblemDocument;
  /** The last part of its type, a `ProblemId` where the catalogue has it. */
  readonly id: string;
  readonly status: number;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;

  constructor(problem: ProblemDocument, retryAfter?: number) {
    super(problem.detail || problem.title);
    this.problem = problem;
    this.id = problem.type.slice(problem.type.lastIndexOf("/") + 1);
    this.status = problem.status;
    this.retryAfter = retryAfter;
  }
}

/** The request could not be read: no JSON, or characters that cannot be kept. */
export class MalformedRequestError extends ProblemError {}
/** That is not a room's name. */
export class InvalidRoomIdError extends ProblemError {}
/** That category is malformed, or not among those that the server allows. */
export class InvalidCategoryError extends ProblemError {}
/** A job's name is `<prefix>:<category>:<name>`. */
export class InvalidJobNameError extends ProblemError {}
/** There is no token, or it is not valid any more. */
export class UnauthorizedError extends ProblemError {}
/** The server knows who asks, and does not allow it. */
export class ForbiddenError extends ProblemError {}
/** No such job is seen from that room. */
export class JobNotFoundError extends ProblemError {}
/** The server has forgotten the worker: it must announce itself again. */
export class WorkerNotFoundError extends ProblemError {}
/** There is no such task, or it was deleted. */
export class TaskNotFoundError extends ProblemError {}
/** There is no such invitation, or it is long over. */
export class InvitationNotFoundError extends ProblemError {}
/** The server signs no tokens: a host or an issuer does. */
export class NoInvitationsError extends ProblemError {}
/** Nothing is at that address: an older server, perhaps. */
export class RouteNotFoundError extends ProblemError {}
/** That address takes other methods. */
export class MethodNotAllowedError extends ProblemError {}
/** Nobody is there to run it, and the server takes only what somebody can run. */
export class NoWorkersAvailableError extends ProblemError {}
/** The request is over the server's limit. */
export class PayloadTooLargeError extends ProblemError {}
/** The body was not sent as JSON. */
export class UnsupportedMediaTypeError extends ProblemError {}
/** The idempotency key was used with another request. */
export class IdempotencyConflictError extends ProblemError {}
/** Too many requests; `retryAfter` says for how long to wait. */
export class RateLimitedError extends ProblemError {}
/** A bug in the server; its log knows more. */
export class InternalServerError extends ProblemError {}
/** The server cannot answer now: its database is away, or it is full. */
export class ServiceUnavailableError extends ProblemError {}

/** The job is registered with another schema; `diff` leads from the registered one to the offered one. */
export class SchemaConflictError extends ProblemError {
  get diff(): readonly PatchOperation[] {
    return this.problem.diff ?? [];
  }
}

/** The task cannot go there from where it stands. */
export class InvalidTaskTransitionError extends ProblemError {
  get from(): TaskStatus | undefined {
    return this.problem.from;
  }
  get to(): TaskStatus | undefined {
    return this.problem.to;
  }
  get allowed(): readonly TaskStatus[] {
    return this.problem.allowed ?? [];
  }
}

/** What was sent does not fit; `errors` say what and where. The SDK's own checks raise it too. */
export class ValidationError extends ProblemError {
  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }

  /** Made here, before anything was sent. */
  static of(detail: string, errors: FieldError[]): ValidationError {
    return new ValidationError(new Problem("validation-error", detail, { errors }).toDocument());
  }
}

/** The hold on the task is over; it is also the reason of the signal that `run` was given. */
export class TaskLostError extends ProblemError {
  /** Why, where a heartbeat told it; `lost` where an update was refused. */
  reason: StopReason = "lost";

  /** Made here, from what a heartbeat said. */
  static of(reason: StopReason): TaskLostError {
    const detail = `the worker holds the task no longer: ${reason.replace("_", " ")}`;
    const error = new TaskLostError(new Problem("task-lost", detail).toDocument());
    error.reason = reason;
    return error;
  }
}

/** The class of every problem in the catalogue. */
export const ERROR_BY_PROBLEM = {
  "malformed-request": MalformedRequestError,
  "invalid-room-id": InvalidRoomIdError,
  "invalid-category": InvalidCategoryError,
  "invalid-job-name": InvalidJobNameError,
  unauthorized: UnauthorizedError,
  forbidden: ForbiddenError,
  "job-not-found": JobNotFoundError,
  "worker-not-found": WorkerNotFoundError,
  "task-not-found": TaskNotFoundError,
  "invitation-not-found": InvitationNotFoundError,
  "route-not-found": RouteNotFoundError,
  "method-not-allowed": MethodNotAllowedError,
  "schema-conflict": SchemaConflictError,
  "no-workers-available": NoWorkersAvailableError,
  "invalid-task-transition": InvalidTaskTransitionError,
  "task-lost": TaskLostError,
  "no-invitations": NoInvitationsError,
  "payload-too-large": PayloadTooLargeError,
  "unsupported-media-type": UnsupportedMediaTypeError,
  "validation-error": ValidationError,
  "idempotency-conflict": IdempotencyConflictError,
  "rate-limited": RateLimitedError,
  "internal-error": InternalServerError,
  "service-unavailable": ServiceUnavailableError,
} as const satisfies Record<ProblemId, typeof ProblemError>;

/** The error of a problem document: its slug decides the class, never its status. */
export const errorOf = (problem: ProblemDocument, retryAfter?: number): ProblemError => {
  const id = parseProblemId(problem.type);
  const ErrorClass = id === undefined ? ProblemError : ERROR_BY_PROBLEM[id];
  return new ErrorClass(problem, retryAfter);
};
