import { InvitationEntity } from "./invitation.ts";
import { JobEntity } from "./job.ts";
import { LateResultEntity } from "./late-result.ts";
import { RoomQueueEntity } from "./room-queue.ts";
import { TaskEntity } from "./task.ts";
import { TaskListingEntity } from "./task-listing.ts";
import { TaskLogEntity } from "./task-log.ts";
import { WorkerEntity } from "./worker.ts";
import { WorkerJobEntity } from "./worker-job.ts";

/** joblib's entities. A host adds them to the entities of its ORM. */
export const entities = [
  JobEntity,
  WorkerEntity,
  WorkerJobEntity,
  TaskEntity,
  TaskListingEntity,
  LateResultEntity,
  RoomQueueEntity,
  TaskLogEntity,
  InvitationEntity,
] as const;
