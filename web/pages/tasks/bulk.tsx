import { useMutation, useQuery } from "@tanstack/react-query";
import type { TaskFilter } from "../../../protocol/index.ts";
import { call, type ResponseBody } from "../../api/call.ts";
import { queryClient, roomScope } from "../../api/queries.ts";
import { Confirm } from "../../design/dialog.tsx";
import { Problem } from "../../design/notice.tsx";

/** An action on many tasks. */
export type BulkStep = "cancel" | "retry";

const OPERATION = { cancel: "cancelTasks", retry: "retryTasks" } as const;
const ACTION = { cancel: "Cancel", retry: "Retry" } as const;
const DONE = { cancel: "cancelled", retry: "pending again" } as const;

type Outcome = ResponseBody<"cancelTasks">;

const formatCount = (value: number, isMore = false) =>
  `${value.toLocaleString("en")}${isMore ? " or more" : ""} ${value === 1 ? "task" : "tasks"}`;

/** Changes all matching tasks, 1,000 per request; each response contains the cursor of the next one. */
const runAll = async (room: string, step: BulkStep, filter: TaskFilter): Promise<Outcome> => {
  const total = { matched: 0, changed: 0, skipped: 0, more: false, after: null as string | null };
  let after: string | null = null;
  do {
    const body: { filter: TaskFilter; after?: string } = { filter, ...(after !== null && { after }) };
    const part: Outcome = await call(OPERATION[step], { params: { room_id: room }, body });
    total.matched += part.matched;
    total.changed += part.changed;
    total.skipped += part.skipped;
    after = part.more ? part.after : null;
  } while (after !== null);
  return total;
};

const Count = ({ step, outcome }: { readonly step: BulkStep; readonly outcome: Outcome }) => (
  <>
    <p>
      <strong>{formatCount(outcome.changed, outcome.more)}</strong> will be {DONE[step]}.
    </p>
    {outcome.skipped > 0 && (
      <p className="quiet">
        {formatCount(outcome.skipped)} will not change: they belong to another user or cannot be{" "}
        {step === "cancel" ? "cancelled" : "retried"}.
      </p>
    )}
  </>
);

/** Asks for confirmation with the number of tasks that will change. */
export const BulkDialog = ({
  room,
  step,
  filter,
  onDone,
  onClose,
}: {
  readonly room: string;
  readonly step: BulkStep;
  readonly filter: TaskFilter;
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}) => {
  const counted = useQuery({
    queryKey: ["bulk", room, step, filter],
    queryFn: ({ signal }) =>
      call(OPERATION[step], { params: { room_id: room }, body: { filter, dry_run: true } }, { signal }),
    staleTime: 0,
    gcTime: 0,
  });
  const run = useMutation({
    mutationFn: () => runAll(room, step, filter),
    onSuccess: (outcome) => {
      void queryClient.invalidateQueries({ queryKey: [roomScope(room)] });
      onDone(`${formatCount(outcome.changed)} ${DONE[step]}.`);
    },
  });
  const changed = counted.data?.changed ?? 0;
  return (
    <Confirm
      title={`${ACTION[step]} these tasks?`}
      action={changed === 0 ? ACTION[step] : `${ACTION[step]} ${formatCount(changed, counted.data?.more)}`}
      isDanger={step === "cancel"}
      isBusy={run.isPending}
      isDisabled={changed === 0}
      onConfirm={() => run.mutate()}
      onClose={onClose}
    >
      {counted.isPending && <p role="status">Counting…</p>}
      {counted.data !== undefined && <Count step={step} outcome={counted.data} />}
      {counted.isError && <Problem error={counted.error} />}
      {run.isError && <Problem error={run.error} />}
    </Confirm>
  );
};
