import { isUuid } from "./ids.ts";
import type { DiagnosisStorage } from "./ports/diagnosis.ts";
import { findAttempts } from "./queries/tasks/find-attempts.ts";
import { findDiagnosisFacts } from "./queries/tasks/find-diagnosis-facts.ts";
import { formatTimeOrNull } from "./rows.ts";
import type { Sessions } from "./sessions/sessions.ts";

const parseNames = (text: string): [string, string][] => {
  const names: { id: string; name: string }[] = JSON.parse(text);
  return names.map(({ id, name }) => [id, name]);
};

export const createDiagnosisStorage = ({ run }: Sessions): DiagnosisStorage => ({
  async findFacts(taskId, aliveWithinSeconds) {
    const row = isUuid(taskId)
      ? await run((db) => findDiagnosisFacts(db, taskId, aliveWithinSeconds))
      : undefined;
    return (
      row && {
        workers: row.workers,
        busyWorkers: row.busy_workers,
        leasedTasks: row.leased_tasks,
        drainingWorkers: row.draining,
        lastActiveAt: formatTimeOrNull(row.last_activity_at),
        medianRunSeconds: row.median_run_seconds,
        isJobRemoved: row.job_removed,
        claimedAt: formatTimeOrNull(row.claimed_at),
        workerName: row.worker_name,
      }
    );
  },

  async findAttempts(taskId) {
    const row = isUuid(taskId) ? await run((db) => findAttempts(db, taskId)) : undefined;
    return (
      row && {
        status: row.status,
        attempt: row.attempt,
        workerId: row.worker_id,
        claimedAt: formatTimeOrNull(row.claimed_at),
        startedAt: formatTimeOrNull(row.started_at),
        completedAt: formatTimeOrNull(row.completed_at),
        error: row.error,
        errors: JSON.parse(row.errors),
        endedLeaseWorkerId: row.ended_lease_worker_id,
        endedLeaseReason: row.ended_lease_reason,
        lateResults: JSON.parse(row.late),
        workerNames: new Map(parseNames(row.names)),
      }
    );
  },
});
