/**
 * Names of joblib's spans. If a span belongs to a single job, the name of the job is appended, as
 * in `submit public:modifiers:Rotate`.
 */
export const SPANS = {
  submit: "submit",
  run: "run",
  await: "await",
  serverSubmit: "joblib.submit",
  serverClaim: "joblib.claim",
  serverAwait: "joblib.await",
  serverUpdate: "joblib.update",
} as const;

/**
 * Names of the attributes of joblib's spans. If OpenTelemetry's semantic conventions define a name,
 * that name is used.
 */
export const ATTRIBUTES = {
  system: "messaging.system.name",
  operation: "messaging.operation.name",
  operationType: "messaging.operation.type",
  destination: "messaging.destination.name",
  taskId: "messaging.message.id",
  count: "messaging.batch.message_count",
  workerId: "messaging.client.id",
  serverAddress: "server.address",
  serverPort: "server.port",
  errorType: "error.type",
  room: "joblib.room",
  attempt: "joblib.task.attempt",
  maxAttempts: "joblib.task.max_attempts",
  status: "joblib.task.status",
  outcome: "joblib.task.outcome",
  waitSeconds: "joblib.wait_seconds",
} as const;

/** The value of the span attribute `messaging.system.name`, and the name of joblib's tracer. */
export const SYSTEM = "joblib";
