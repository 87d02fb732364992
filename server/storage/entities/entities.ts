import { InvitationEntity } from "./invitation.ts";
import { JobEntity } from "./job.ts";
import { LateResultEntity } from "./late-result.ts";
import { RoomTurnEntity } from "./room-turn.ts";
import { TaskEntity } from "./task.ts";
import { TaskLogEntity } from "./task-log.ts";
import { TaskPlaceEntity } from "./task-place.ts";
import { WorkerEntity } from "./worker.ts";
import { WorkerJobEntity } from "./worker-job.ts";

/** joblib's entities. A host adds them to the entities of its ORM. */
export const entities = [
  JobEntity,
  WorkerEntity,
  WorkerJobEntity,
  TaskEntity,
  TaskPlaceEntity,
  LateResultEntity,
  RoomTurnEntity,
  TaskLogEntity,
  InvitationEntity,
] as const;
