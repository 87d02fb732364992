import { useMutation, useQuery } from "@tanstack/react-query";
import type { TaskFilter } from "../../../protocol/index.ts";
import { call, type ResponseBody } from "../../api/call.ts";
import { queryClient, roomScope } from "../../api/queries.ts";
import { Confirm } from "../../design/dialog.tsx";
import { Problem } from "../../design/notice.tsx";

export type BulkAction = "cancel" | "retry";

const OPERATIONS = { cancel: "cancelTasks", retry: "retryTasks" } as const;
const LABELS = { cancel: "Cancel", retry: "Retry" } as const;
const PARTICIPLES = { cancel: "cancelled", retry: "retried" } as const;

type Outcome = ResponseBody<"cancelTasks">;

const formatCount = (value: number, isMore = false) =>
  `${value.toLocaleString("en")}${isMore ? " or more" : ""} ${value === 1 ? "task" : "tasks"}`;

/**
 * Applies the action to all matching tasks, 1,000 tasks per request. Each response contains the
 * cursor for the next request.
 */
const runAll = async (room: string, action: BulkAction, filter: TaskFilter): Promise<Outcome> => {
  const total = { matched: 0, changed: 0, skipped: 0, more: false, after: null as string | null };
  let after: string | null = null;
  do {
    const body: { filter: TaskFilter; after?: string } = { filter, ...(after !== null && { after }) };
    const batch: Outcome = await call(OPERATIONS[action], { params: { room_id: room }, body });
    total.matched += batch.matched;
    total.changed += batch.changed;
    total.skipped += batch.skipped;
    after = batch.more ? batch.after : null;
  } while (after !== null);
  return total;
};

const Count = ({ action, outcome }: { readonly action: BulkAction; readonly outcome: Outcome }) => (
  <>
    <p>
      <strong>{formatCount(outcome.changed, outcome.more)}</strong> will be {PARTICIPLES[action]}.
    </p>
    {outcome.skipped > 0 && (
      <p className="quiet">
        {formatCount(outcome.skipped)} will not change: they belong to another user or cannot be{" "}
        {action === "cancel" ? "cancelled" : "retried"}.
      </p>
    )}
  </>
);

/** Shows how many tasks will change, and asks the user for confirmation. */
export const BulkDialog = ({
  room,
  action,
  filter,
  onDone,
  onClose,
}: {
  readonly room: string;
  readonly action: BulkAction;
  readonly filter: TaskFilter;
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}) => {
  const preview = useQuery({
    queryKey: ["bulk", room, action, filter],
    queryFn: ({ signal }) =>
      call(OPERATIONS[action], { params: { room_id: room }, body: { filter, dry_run: true } }, { signal }),
    staleTime: 0,
    gcTime: 0,
  });
  const run = useMutation({
    mutationFn: () => runAll(room, action, filter),
    onSuccess: (outcome) => {
      void queryClient.invalidateQueries({ queryKey: [roomScope(room)] });
      onDone(`${formatCount(outcome.changed)} ${PARTICIPLES[action]}.`);
    },
  });
  const changed = preview.data?.changed ?? 0;
  return (
    <Confirm
      title={`${LABELS[action]} these tasks?`}
      action={
        changed === 0 ? LABELS[action] : `${LABELS[action]} ${formatCount(changed, preview.data?.more)}`
      }
      isDanger={action === "cancel"}
      isBusy={run.isPending}
      isDisabled={changed === 0}
      onConfirm={() => run.mutate()}
      onClose={onClose}
    >
      {preview.isPending && <p role="status">Counting…</p>}
      {preview.data !== undefined && <Count action={action} outcome={preview.data} />}
      {preview.isError && <Problem error={preview.error} />}
      {run.isError && <Problem error={run.error} />}
    </Confirm>
  );
};
