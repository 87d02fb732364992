import { callerOperations } from "./caller.ts";
import { healthOperations } from "./health.ts";
import { invitationOperations } from "./invitations.ts";
import { jobOperations } from "./jobs.ts";
import { problemOperations } from "./problems.ts";
import { providerOperations } from "./providers/provider.ts";
import { readOperations } from "./providers/read.ts";
import { roomOperations } from "./rooms.ts";
import { statsOperations } from "./stats.ts";
import { attemptOperations } from "./tasks/attempts.ts";
import { claimOperations } from "./tasks/claim.ts";
import { diagnosisOperations } from "./tasks/diagnosis.ts";
import { fileOperations } from "./tasks/file.ts";
import { taskListOperations } from "./tasks/list.ts";
import { taskLogOperations } from "./tasks/log.ts";
import { taskOutputOperations } from "./tasks/output.ts";
import { submitOperations } from "./tasks/submit.ts";
import { taskOperations } from "./tasks/task.ts";
import { updateOperations } from "./tasks/update.ts";
import { workerOperations } from "./workers.ts";

/** All operations of the API. */
export const operations = {
  ...jobOperations,
  ...workerOperations,
  ...providerOperations,
  ...readOperations,
  ...fileOperations,
  ...roomOperations,
  ...statsOperations,
  ...healthOperations,
  ...submitOperations,
  ...taskListOperations,
  ...claimOperations,
  ...taskOperations,
  ...taskLogOperations,
  ...taskOutputOperations,
  ...diagnosisOperations,
  ...attemptOperations,
  ...updateOperations,
  ...invitationOperations,
  ...callerOperations,
  ...problemOperations,
} as const;

export type Operations = typeof operations;
export type OperationName = keyof Operations;
