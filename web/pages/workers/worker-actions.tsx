import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { WorkerDetails } from "../../../protocol/index.ts";
import { call } from "../../api/call.ts";
import { queryClient } from "../../api/queries.ts";
import { Confirm } from "../../design/dialog.tsx";
import { Problem } from "../../design/notice.tsx";
import { getWorkerName } from "./worker-state.tsx";

const STEPS = {
  drain: {
    action: "Drain",
    text: "The worker accepts no new tasks, finishes its running tasks and then stops.",
  },
  remove: {
    action: "Remove",
    text: "The worker is removed immediately: its running tasks fail or are retried, and its claimed tasks are requeued.",
  },
} as const;
type Step = keyof typeof STEPS;

/** Shows buttons that drain or remove a worker after the user has confirmed the action. */
export const WorkerActions = ({
  worker,
  nextPage,
}: {
  readonly worker: WorkerDetails;
  /** The page to open after the worker has been removed. */
  readonly nextPage: string;
}) => {
  const navigate = useNavigate();
  const [step, setStep] = useState<Step>();
  const params = { worker_id: worker.id };
  const run = useMutation({
    mutationFn: async (requested: Step) => {
      if (requested === "drain") await call("drainWorker", { params });
      else await call("removeWorker", { params });
    },
    onSuccess: async (_, requested) => {
      setStep(undefined);
      if (requested === "remove") await navigate(nextPage);
      await queryClient.invalidateQueries();
    },
  });
  return (
    <div className="row">
      {!worker.draining && (
        <button type="button" className="button" onClick={() => setStep("drain")}>
          Drain…
        </button>
      )}
      <button type="button" className="button button-danger" onClick={() => setStep("remove")}>
        Remove…
      </button>
      {step !== undefined && (
        <Confirm
          title={`${STEPS[step].action} ${getWorkerName(worker)}?`}
          action={STEPS[step].action}
          isDanger={step === "remove"}
          isBusy={run.isPending}
          onConfirm={() => run.mutate(step)}
          onClose={() => {
            run.reset();
            setStep(undefined);
          }}
        >
          <p>{STEPS[step].text}</p>
          <p className="quiet">
            {worker.task_count === 0
              ? "It has no tasks."
              : `It has ${worker.task_count} ${worker.task_count === 1 ? "task" : "tasks"}.`}
          </p>
          {run.isError && <Problem error={run.error} />}
        </Confirm>
      )}
    </div>
  );
};
