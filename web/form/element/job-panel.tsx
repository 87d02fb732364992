import { useCallback, useMemo } from "react";
import type { JsonObject } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import type { Failure } from "../../api/failure.ts";
import { JobForm } from "../payload/payload-form.tsx";
import type { FormConfig, FormEventDispatcher } from "./events.ts";
import { TaskPanel } from "./task-panel.tsx";
import { useJob } from "./use-job.ts";
import { useRun } from "./use-run.ts";

export interface JobPanelProps {
  readonly config: FormConfig;
  readonly server: ApiServer;
  readonly dispatch: FormEventDispatcher;
}

const FailureMessage = ({ failure, room, job }: { failure: Failure; room: string; job: string }) => (
  <p className="jt-rejection" part="rejection" role="alert">
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

/** Shows the form of a job and, below the form, the task of the last submit. */
export const JobPanel = ({ config, server, dispatch }: JobPanelProps) => {
  const { room, job: name } = config;
  const { job, failure } = useJob(server, config);
  const run = useRun(server, config, dispatch);
  const uploadTarget = useMemo(() => ({ server, room }), [server, room]);
  const validate = useCallback(
    async (payload: JsonObject) => {
      const params = { room_id: room, job_name: name };
      return (await callServer(server, ["validatePayload", { params, body: { payload } }])).errors;
    },
    [server, room, name],
  );

  if (job === undefined) {
    return failure === undefined ? (
      <p role="status">Loading…</p>
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
        initial={config.initial}
        problems={run.problems}
        isBusy={run.isSubmitting}
        onSubmit={run.submit}
        onValidate={validate}
        submitLabel={config.submitLabel}
        uploadTarget={uploadTarget}
      />
      {run.failure !== undefined && !isAtField && (
        <FailureMessage failure={run.failure} room={room} job={name} />
      )}
      {run.task !== undefined && <TaskPanel task={run.task} log={run.log} onCancel={run.cancel} />}
    </>
  );
};
