export type {
  AttemptError,
  Backoff,
  FieldError,
  Job,
  JsonObject,
  JsonValue,
  LogLevel,
  LogLine,
  LogPage,
  OperationName,
  OperationRequest,
  Operations,
  PatchOperation,
  ProblemDocument,
  ProblemId,
  Progress,
  StopReason,
  StreamEvent,
  StreamName,
  SubmittedTask,
  Task,
  TaskStatus,
  Worker,
} from "../protocol/index.ts";
export { GLOBAL_ROOM, isTerminal } from "../protocol/index.ts";
export { ClaimedTask } from "./claimed-task.ts";
export { JoblibClient } from "./client.ts";
export type {
  AwaitTaskOptions,
  CallOptions,
  ClientOptions,
  FollowOptions,
  StreamParams,
} from "./client-options.ts";
export {
  ConnectionError,
  DeadlineError,
  ForbiddenError,
  GatewayError,
  IdempotencyConflictError,
  InternalServerError,
  InterruptedError,
  InvalidCategoryError,
  InvalidJobNameError,
  InvalidRoomIdError,
  InvalidTaskTransitionError,
  InvitationNotFoundError,
  InvitationsNotSupportedError,
  JoblibError,
  JobNotFoundError,
  MalformedRequestError,
  MethodNotAllowedError,
  NoWorkersAvailableError,
  PayloadTooLargeError,
  ProblemError,
  ProtocolError,
  RateLimitedError,
  RouteNotFoundError,
  SchemaConflictError,
  ServiceUnavailableError,
  TaskLostError,
  TaskNotFoundError,
  UnauthorizedError,
  UnsupportedMediaTypeError,
  UsageError,
  ValidationError,
  WorkerNotFoundError,
} from "./errors.ts";
export {
  Extension,
  type ExtensionBase,
  type ExtensionClass,
  type ExtensionInstance,
  type ExtensionOptions,
  isExtensionClass,
  type RunContext,
} from "./extension.ts";
export { JobManager } from "./job-manager.ts";
export type { JobManagerOptions, RunOptions } from "./job-manager-options.ts";
export type { RegisterOptions } from "./job-registry.ts";
export type {
  AnyJobs,
  AwaitedTask,
  JobNameOf,
  JobType,
  JobTypes,
  NamedSubmission,
  TaskOf,
} from "./job-types.ts";
export { NotJsonError } from "./json.ts";
export { type Logger, silentLogger, type TaskLogger } from "./logger.ts";
export type { Token } from "./options.ts";
export type { Register, RegisterDecorator } from "./register.ts";
export type { CallResponse } from "./responses.ts";
export type { RetryPolicy } from "./retry.ts";
export type { FetchInit, FetchLike, FetchResponse } from "./senders.ts";
export type { AnySchema, StandardSchema, Zod3Schema } from "./standard-schema.ts";
export type { SubmitOptions } from "./submission.ts";
export type { BackoffOptions, TaskDefaultOptions, TaskOptions } from "./task-options.ts";
export type { TaskOutcome } from "./task-outcome.ts";
export { type ListenOptions, TaskStream } from "./task-stream.ts";
