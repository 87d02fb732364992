import { lazy, Suspense, useMemo, useState } from "react";
import type { FieldError, Job, JsonObject } from "../../../protocol/index.ts";
import { dashboardServer } from "../../api/dashboard-server.ts";
import { Failure } from "../../api/failure.ts";
import { Loading, Problem } from "../../design/notice.tsx";
import { OptionsFold } from "./options-fold.tsx";
import { NO_OPTIONS } from "./task-options.ts";
import { getPayloadErrors, useSubmit, validatePayload } from "./use-submit.ts";

// The libraries that the form needs are half of the dashboard's code, so they are loaded only on
// this page.
const JobForm = lazy(async () => ({ default: (await import("../../form/job-form.tsx")).JobForm }));

const NONE: readonly FieldError[] = [];

/** The form of a job, its options and its submit button. */
export const SubmitForm = ({
  room,
  job,
  initial,
  onSubmitted,
}: {
  readonly room: string;
  readonly job: Job;
  readonly initial: JsonObject | undefined;
  readonly onSubmitted: (taskId: string) => void;
}) => {
  const submit = useSubmit(room, job.full_name);
  const uploadTarget = useMemo(() => ({ server: dashboardServer, room }), [room]);
  const [options, setOptions] = useState(NO_OPTIONS);
  const errors = submit.error instanceof Failure ? submit.error.errors : NONE;
  const problems = useMemo(() => getPayloadErrors(errors), [errors]);
  // Errors are not repeated above the form if all of them are shown at their fields.
  const isAtField = errors.length > 0 && errors.every(({ pointer }) => pointer.length > 1);
  return (
    <div className="submit-form stack">
      <Suspense fallback={<Loading what="the form" />}>
        <JobForm
          job={job}
          {...(initial !== undefined && { initial })}
          problems={problems}
          isBusy={submit.isPending}
          onValidate={(payload: JsonObject) => validatePayload(room, job.full_name, payload)}
          onSubmit={(payload: JsonObject) => {
            submit.mutate({ payload, options }, { onSuccess: ({ id }) => onSubmitted(id) });
          }}
          submitLabel="Submit"
          uploadTarget={uploadTarget}
        >
          <OptionsFold typed={options} defaults={job.defaults} errors={errors} onChange={setOptions} />
        </JobForm>
      </Suspense>
      {submit.isError && !isAtField && <Problem error={submit.error} />}
    </div>
  );
};
