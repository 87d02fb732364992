import { lazy, Suspense, useMemo, useState } from "react";
import type { FieldError, Job, JsonObject } from "../../../protocol/index.ts";
import { Failure } from "../../api/failure.ts";
import { Loading, Problem } from "../../design/notice.tsx";
import { OptionsFold } from "./options-fold.tsx";
import { NO_OPTIONS } from "./task-options.ts";
import { payloadProblems, useSubmit, validate } from "./use-submit.ts";

// The form's libraries weigh as much as all the rest: who only looks at tasks does not load them.
const JobForm = lazy(async () => ({ default: (await import("../../form/job-form.tsx")).JobForm }));

const NONE: readonly FieldError[] = [];

/** A job as a button with a form in front of it. */
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
  const [options, setOptions] = useState(NO_OPTIONS);
  const errors = submit.error instanceof Failure ? submit.error.errors : NONE;
  const problems = useMemo(() => payloadProblems(errors), [errors]);
  // What is told at its field needs no second word above the form.
  const isAtField = errors.length > 0 && errors.every(({ pointer }) => pointer.length > 1);
  return (
    <div className="submit-form stack">
      <Suspense fallback={<Loading what="the form" />}>
        <JobForm
          job={job}
          {...(initial !== undefined && { initial })}
          problems={problems}
          isBusy={submit.isPending}
          onValidate={(payload: JsonObject) => validate(room, job.full_name, payload)}
          onSubmit={(payload: JsonObject) => {
            submit.mutate({ payload, options }, { onSuccess: ({ id }) => onSubmitted(id) });
          }}
          submitLabel="Submit"
        >
          <OptionsFold typed={options} defaults={job.defaults} errors={errors} onChange={setOptions} />
        </JobForm>
      </Suspense>
      {submit.isError && !isAtField && <Problem error={submit.error} />}
    </div>
  );
};
