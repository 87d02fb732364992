export type {
  AttachedFile,
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
  StoredFile,
  StreamEvent,
  StreamName,
  SubmittedTask,
  Task,
  TaskStatus,
  Worker,
} from "../protocol/index.ts";
export { GLOBAL_ROOM, isTerminal } from "../protocol/index.ts";
export * from "./errors.ts";
export {
  Extension,
  type ExtensionBase,
  type ExtensionClass,
  type ExtensionInstance,
  type ExtensionOptions,
  isExtensionClass,
  type RunContext,
  type TaskOutput,
} from "./extension/extension.ts";
export type { Register, RegisterDecorator, RegisterOptions } from "./extension/job-registry.ts";
export type * from "./extension/job-types.ts";
export { NotJsonError } from "./extension/json.ts";
export type { AnySchema, StandardSchema, Zod3Schema } from "./extension/standard-schema.ts";
export type { BackoffOptions, TaskDefaultOptions, TaskOptions } from "./extension/task-options.ts";
export { type FileInput, type FileLimits, type FileSchema, file } from "./files/file.ts";
export { JobFile, type ReadFileOptions } from "./files/job-file.ts";
export { type FileSource, LocalFile, type LocalFileOptions } from "./files/local-file.ts";
export { RemoteFile } from "./files/remote-file.ts";
export { JoblibClient } from "./http/client.ts";
export type { Files } from "./http/files.ts";
export type * from "./http/options.ts";
export { ProviderAnswer, type ReadOptions } from "./http/providers.ts";
export type { CallResponse } from "./http/responses.ts";
export type { RetryPolicy } from "./http/retry.ts";
export { JobManager, type JobManagerOptions, type RunOptions } from "./job-manager.ts";
export { type Logger, silentLogger, type TaskLogger } from "./logger.ts";
export { Answer, type AnswerOptions } from "./provide/answer.ts";
export {
  isProviderClass,
  Provider,
  type ProviderBase,
  type ProviderClass,
  type ProviderInstance,
  type ProviderOptions,
  type ReadContext,
} from "./provide/provider.ts";
export type { ProvideOptions, ServedProvider } from "./provide/provider-registry.ts";
export type { SubmitOptions } from "./submit/submission.ts";
export { ClaimedTask } from "./worker/claimed-task.ts";
export type { TaskOutcome } from "./worker/task-outcome.ts";
export { type ListenOptions, TaskStream } from "./worker/task-stream.ts";
