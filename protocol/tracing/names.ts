/** Every span that joblib makes; the names of those with a destination go on with the job's. */
export const SPANS = {
  submit: "submit",
  run: "run",
  await: "await",
  serverSubmit: "joblib.submit",
  serverClaim: "joblib.claim",
  serverAwait: "joblib.await",
  serverUpdate: "joblib.update",
} as const;

/** Every attribute that those spans carry: OpenTelemetry's where it has a name, ours where it has none. */
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

/** What `messaging.system.name` says. */
export const SYSTEM = "joblib";
