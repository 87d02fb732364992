import {
  type FieldError,
  type PatchOperation,
  Problem,
  type ProblemDocument,
  type StopReason,
  type TaskStatus,
} from "../protocol/index.ts";

/** Base class of every error that the SDK throws. */
export class JoblibError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * The SDK was used incorrectly: an invalid option, class, name or order of calls. Retrying cannot
 * succeed.
 */
export class UsageError extends JoblibError {}

/**
 * The server sent no response: the connection was refused or closed, the server's host name cannot
 * be resolved, or a gateway responded with an error.
 */
export class ConnectionError extends JoblibError {}

/** The server did not respond before the deadline (`wait` plus `timeoutSeconds`). */
export class DeadlineError extends ConnectionError {}

/** A proxy or gateway in front of joblib responded with the status 429, 502, 503 or 504. */
export class GatewayError extends ConnectionError {
  readonly status: number;
  /** The delay in the `Retry-After` header, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(message: string, status: number, retryAfter?: number) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * The response cannot be one of joblib: it is HTML, a redirect or larger than 16 MiB, or it does
 * not match the schema of the operation.
 */
export class ProtocolError extends JoblibError {
  /** The HTTP status of the response, if there was one. */
  readonly status: number | undefined;

  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * The downloaded content does not have the SHA-256 hash or the size of the file. The bytes that
 * were read so far must not be used.
 */
export class FileIntegrityError extends JoblibError {}

/** A file of a task's result could not be uploaded. `cause` is the reason. */
export class FileUploadError extends JoblibError {}

/** The reason of a task's `signal` if the worker stopped and interrupted the task. */
export class InterruptedError extends JoblibError {}

/**
 * A problem document (RFC 9457) that the server returned. Every known problem id has its own
 * subclass.
 */
export class ProblemError extends JoblibError {
  /** The problem document as received. */
  readonly problem: ProblemDocument;
  /**
   * The last part of the problem's type URI: a `ProblemId`, or an id that this version does not
   * know.
   */
  readonly id: string;
  /** The HTTP status in the problem document. */
  readonly status: number;
  /** The delay in the `Retry-After` header, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(problem: ProblemDocument, retryAfter?: number) {
    super(problem.detail || problem.title);
    this.problem = problem;
    this.id = problem.type.slice(problem.type.lastIndexOf("/") + 1);
    this.status = problem.status;
    this.retryAfter = retryAfter;
  }
}

/**
 * The server cannot parse the request: it is not JSON, or it contains characters that cannot be
 * stored.
 */
export class MalformedRequestError extends ProblemError {}
/** The room id is malformed. */
export class InvalidRoomIdError extends ProblemError {}
/** The category is malformed, or the server does not allow it. */
export class InvalidCategoryError extends ProblemError {}
/** The job name does not have the form `<prefix>:<category>:<name>`. */
export class InvalidJobNameError extends ProblemError {}
/** The token is missing, invalid or expired. */
export class UnauthorizedError extends ProblemError {}
/** The caller is authenticated, but does not have permission. */
export class ForbiddenError extends ProblemError {}
/** The job does not exist, or is not visible in the room. */
export class JobNotFoundError extends ProblemError {}
/** The worker does not exist, or the server has removed it because its heartbeats stopped. */
export class WorkerNotFoundError extends ProblemError {}
/** The task does not exist, or was deleted. */
export class TaskNotFoundError extends ProblemError {}
/** The provider does not exist, or is not visible in the room. */
export class ProviderNotFoundError extends ProblemError {}
/**
 * The provider has no data for the parameters, for example because a file does not exist. The
 * `read` method of a provider throws this error if it has no data.
 */
export class AnswerNotFoundError extends ProblemError {
  /**
   * Creates the error that a provider throws if there is no data. The client that requested the
   * data receives `detail`.
   */
  static create(detail: string): AnswerNotFoundError {
    return new AnswerNotFoundError(new Problem("answer-not-found", detail).toDocument());
  }
}
/**
 * The file does not exist, its upload failed, or it was deleted because it was not in the payload
 * or result of any task.
 */
export class FileNotFoundError extends ProblemError {}
/** The upload of the file is not complete, so its content cannot be read. */
export class FileIncompleteError extends ProblemError {
  /** @internal Creates an error for a check that failed in this process. */
  static create(name: string): FileIncompleteError {
    const detail = `the upload of ${name} is not complete`;
    return new FileIncompleteError(new Problem("file-incomplete", detail).toDocument());
  }
}
/**
 * The server has a different number of bytes of the upload than the request assumed, or another
 * request is sending bytes for the same upload.
 */
export class UploadConflictError extends ProblemError {}
/** The server is not configured to store files. */
export class FilesNotSupportedError extends ProblemError {}
/**
 * The file is larger than the server's limit, or larger than the size that was declared when the
 * upload started.
 */
export class FileTooLargeError extends ProblemError {}
/** The total size of the room's files would exceed the server's limit. */
export class QuotaExceededError extends ProblemError {}
/** The requested range is outside the content of the file. */
export class RangeNotSatisfiableError extends ProblemError {}
/** The server's storage is full. The upload can continue when there is space. */
export class InsufficientStorageError extends ProblemError {}
/**
 * The read (a request to a provider) was already answered, was assigned to another worker, or no
 * client waits for its answer any longer.
 */
export class ReadLostError extends ProblemError {}
/** The worker failed to answer the read. */
export class ReadFailedError extends ProblemError {}
/** No worker of the provider is online. */
export class ProviderOfflineError extends ProblemError {}
/** No worker answered the read within `wait` seconds. */
export class ProviderTimeoutError extends ProblemError {}
/** The invitation does not exist, or was deleted some time after it expired. */
export class InvitationNotFoundError extends ProblemError {}
/** The server does not issue tokens, because the host application or an external issuer does. */
export class InvitationsNotSupportedError extends ProblemError {}
/** The URL is unknown to the server, for example because the server is older than the client. */
export class RouteNotFoundError extends ProblemError {}
/** The URL does not support the HTTP method. */
export class MethodNotAllowedError extends ProblemError {}
/**
 * No worker is online for the job, and the server is configured to reject tasks that no worker
 * could run now.
 */
export class NoWorkersAvailableError extends ProblemError {}
/** The request body is larger than the server's limit. */
export class PayloadTooLargeError extends ProblemError {}
/** The output of the attempt is larger than the server's limit. */
export class OutputTooLargeError extends ProblemError {}
/** The number of the first appended part is too high: the parts before it were never stored. */
export class OutputGapError extends ProblemError {}
/** The request body was not sent as JSON. */
export class UnsupportedMediaTypeError extends ProblemError {}
/** The idempotency key was already used for a different request. */
export class IdempotencyConflictError extends ProblemError {}
/** The caller sent too many requests. `retryAfter` is the number of seconds to wait. */
export class RateLimitedError extends ProblemError {}
/** The server failed unexpectedly. The server's log contains the cause. */
export class InternalServerError extends ProblemError {}
/** The server is overloaded, or its database is unavailable. */
export class ServiceUnavailableError extends ProblemError {}

/** The job is already registered with a different schema. */
export class SchemaConflictError extends ProblemError {
  /** A JSON Patch (RFC 6902) from the registered schema to the new one. */
  get diff(): readonly PatchOperation[] {
    return this.problem.diff ?? [];
  }
}

/** The task cannot change from its current status to the requested one. */
export class InvalidTaskTransitionError extends ProblemError {
  /** The task's current status. */
  get from(): TaskStatus | undefined {
    return this.problem.from;
  }
  /** The requested status. */
  get to(): TaskStatus | undefined {
    return this.problem.to;
  }
  /** The statuses that the task can change to. */
  get allowed(): readonly TaskStatus[] {
    return this.problem.allowed ?? [];
  }
}

/**
 * A payload, result or request is invalid. Thrown if the server rejects it, and if the SDK finds
 * the error before it sends a request.
 */
export class ValidationError extends ProblemError {
  /** The invalid fields; `pointer` is a JSON Pointer (RFC 6901). */
  get errors(): readonly FieldError[] {
    return this.problem.errors ?? [];
  }

  /** @internal Creates an error for a check that failed in this process. */
  static create(detail: string, errors: FieldError[]): ValidationError {
    return new ValidationError(new Problem("validation-error", detail, { errors }).toDocument());
  }
}

/**
 * The worker has lost its lease on the task. This error is also the abort reason of the task's
 * `signal`.
 */
export class TaskLostError extends ProblemError {
  /** The reason that a heartbeat returned, or `lost` if the server rejected an update. */
  reason: StopReason = "lost";

  /** @internal Creates an error for a reason that a heartbeat returned. */
  static create(reason: StopReason): TaskLostError {
    const detail = `the worker has lost its lease on the task: ${reason.replace("_", " ")}`;
    const error = new TaskLostError(new Problem("task-lost", detail).toDocument());
    error.reason = reason;
    return error;
  }
}
