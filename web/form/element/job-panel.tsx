import { useCallback } from "react";
import type { JsonObject } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import type { Failure } from "../../api/failure.ts";
import { JobForm } from "../payload-form.tsx";
import type { FormConfig, FormEventDispatcher } from "./events.ts";
import { TaskPanel } from "./task-panel.tsx";
import { useJob } from "./use-job.ts";
import { useRun } from "./use-run.ts";

/** What stands in the element is made from. */
export interface JobPanelProps {
  readonly place: FormConfig;
  readonly home: ApiServer;
  readonly tell: FormEventDispatcher;
}

const FailureMessage = ({ failure, room, job }: { failure: Failure; room: string; job: string }) => (
  <p className="jt-refusal" part="refusal" role="alert">
    {failure.id === "job-not-found" ? (
      <>
        No worker has registered <code>{job}</code> in <code>{room}</code> yet. The form appears as soon as
        one does.
      </>
    ) : (
      `${failure.title}: ${failure.message}`
    )}
  </p>
);

/** A job's form, and below it the task that came of it. */
export const JobPanel = ({ place, home, tell }: JobPanelProps) => {
  const { room, job: name } = place;
  const { job, failure } = useJob(home, place);
  const run = useRun(home, place, tell);
  const validate = useCallback(
    async (payload: JsonObject) => {
      const params = { room_id: room, job_name: name };
      return (await callServer(home, ["validatePayload", { params, body: { payload } }])).errors;
    },
    [home, room, name],
  );

  if (job === undefined) {
    return failure === undefined ? (
      <p role="status">…</p>
    ) : (
      <FailureMessage failure={failure} room={room} job={name} />
    );
  }
  const isAtField = run.problems.length > 0;
  return (
    <>
      {job.description !== null && <p className="jt-about">{job.description}</p>}
      <JobForm
        job={job}
        initial={place.initial}
        problems={run.problems}
        isBusy={run.isSending}
        onSubmit={run.submit}
        onValidate={validate}
        submitLabel={place.submitLabel}
      />
      {run.failure !== undefined && !isAtField && (
        <FailureMessage failure={run.failure} room={room} job={name} />
      )}
      {run.task !== undefined && <TaskPanel task={run.task} log={run.log} onCancel={run.cancel} />}
    </>
  );
};
