import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { WorkerDetails } from "../../../protocol/index.ts";
import { call } from "../../api/call.ts";
import { queryClient } from "../../api/queries.ts";
import { Confirm } from "../../design/dialog.tsx";
import { Problem } from "../../design/notice.tsx";
import { workerName } from "./worker-state.tsx";

const STEPS = {
  drain: {
    action: "Drain",
    text: "From now on it is given no task. What it holds it finishes, and then its program ends.",
  },
  remove: {
    action: "Remove",
    text: "It is given up at once: what it runs fails, or is tried again by another, and what it had not begun is offered again.",
  },
} as const;
type Step = keyof typeof STEPS;

/** Drain and remove a worker, after a question. */
export const WorkerActions = ({
  worker,
  leadsTo,
}: {
  readonly worker: WorkerDetails;
  /** Where one goes when the worker is no more. */
  readonly leadsTo: string;
}) => {
  const navigate = useNavigate();
  const [step, setStep] = useState<Step>();
  const params = { worker_id: worker.id };
  const run = useMutation({
    mutationFn: async (asked: Step) => {
      if (asked === "drain") await call("drainWorker", { params });
      else await call("removeWorker", { params });
    },
    onSuccess: async (_, asked) => {
      setStep(undefined);
      if (asked === "remove") await navigate(leadsTo);
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
          title={`${STEPS[step].action} ${workerName(worker)}?`}
          action={`${STEPS[step].action} it`}
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
              ? "It holds no task."
              : `It holds ${worker.task_count} ${worker.task_count === 1 ? "task" : "tasks"}.`}
          </p>
          {run.isError && <Problem error={run.error} />}
        </Confirm>
      )}
    </div>
  );
};
