import { type ProblemDocument, type ProblemId, parseProblemId } from "../protocol/index.ts";
import * as errors from "./errors.ts";

/** The error class of every known problem. */
export const ERROR_BY_PROBLEM = {
  "malformed-request": errors.MalformedRequestError,
  "invalid-room-id": errors.InvalidRoomIdError,
  "invalid-category": errors.InvalidCategoryError,
  "invalid-job-name": errors.InvalidJobNameError,
  unauthorized: errors.UnauthorizedError,
  forbidden: errors.ForbiddenError,
  "job-not-found": errors.JobNotFoundError,
  "worker-not-found": errors.WorkerNotFoundError,
  "task-not-found": errors.TaskNotFoundError,
  "provider-not-found": errors.ProviderNotFoundError,
  "answer-not-found": errors.AnswerNotFoundError,
  "file-not-found": errors.FileNotFoundError,
  "invitation-not-found": errors.InvitationNotFoundError,
  "route-not-found": errors.RouteNotFoundError,
  "method-not-allowed": errors.MethodNotAllowedError,
  "schema-conflict": errors.SchemaConflictError,
  "no-workers-available": errors.NoWorkersAvailableError,
  "invalid-task-transition": errors.InvalidTaskTransitionError,
  "output-gap": errors.OutputGapError,
  "task-lost": errors.TaskLostError,
  "read-lost": errors.ReadLostError,
  "file-incomplete": errors.FileIncompleteError,
  "upload-conflict": errors.UploadConflictError,
  "files-not-supported": errors.FilesNotSupportedError,
  "invitations-not-supported": errors.InvitationsNotSupportedError,
  "output-too-large": errors.OutputTooLargeError,
  "file-too-large": errors.FileTooLargeError,
  "quota-exceeded": errors.QuotaExceededError,
  "payload-too-large": errors.PayloadTooLargeError,
  "unsupported-media-type": errors.UnsupportedMediaTypeError,
  "range-not-satisfiable": errors.RangeNotSatisfiableError,
  "validation-error": errors.ValidationError,
  "idempotency-conflict": errors.IdempotencyConflictError,
  "rate-limited": errors.RateLimitedError,
  "internal-error": errors.InternalServerError,
  "read-failed": errors.ReadFailedError,
  "provider-offline": errors.ProviderOfflineError,
  "service-unavailable": errors.ServiceUnavailableError,
  "provider-timeout": errors.ProviderTimeoutError,
  "insufficient-storage": errors.InsufficientStorageError,
} as const satisfies Record<ProblemId, typeof errors.ProblemError>;

/**
 * Creates the error for a problem document. The class depends on the id in the type URI, not on the
 * status.
 */
export const toProblemError = (problem: ProblemDocument, retryAfter?: number): errors.ProblemError => {
  const id = parseProblemId(problem.type);
  const ErrorClass = id === undefined ? errors.ProblemError : ERROR_BY_PROBLEM[id];
  return new ErrorClass(problem, retryAfter);
};
