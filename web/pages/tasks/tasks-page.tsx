import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { MAX_COUNTED, type TaskFilter } from "../../../protocol/index.ts";
import { readQuery, roomScope } from "../../api/queries.ts";
import { getSpans } from "../../design/lifeline.tsx";
import { Empty, Loading, Problem } from "../../design/notice.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { paths } from "../../shell/paths.ts";
import { useTitle } from "../../shell/title.ts";
import { type BulkAction, BulkDialog } from "./bulk.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { isFiltering, toFilterBody, toFilterQuery, useFilter } from "./task-filter.ts";
import { TaskRow } from "./task-row.tsx";
import { useSelection } from "./use-selection.ts";

const PAGE_SIZE = 50;

export const TasksPage = () => {
  const { room = "" } = useParams();
  useTitle("Tasks", room);
  useRoomLive(room);
  const navigate = useNavigate();
  const [filter, change] = useFilter();
  const tasks = useQuery({
    ...readQuery(
      "listRoomTasks",
      { params: { room_id: room }, query: { ...toFilterQuery(filter), limit: PAGE_SIZE } },
      roomScope(room),
    ),
    placeholderData: keepPreviousData,
  });
  const items = tasks.data?.items ?? [];
  const selection = useSelection(items.map(({ id }) => id));
  const [bulk, setBulk] = useState<{ action: BulkAction; filter: TaskFilter }>();
  const [done, setDone] = useState("");
  const longest = Math.max(
    0,
    ...items.map((task) => getSpans(task, Date.now())).flatMap(({ wait, run }) => [wait, run ?? 0]),
  );
  const total = tasks.data?.total ?? 0;
  const next = items.length === PAGE_SIZE ? items.at(-1)?.id : (tasks.data?.searched_to ?? undefined);
  const ask = (action: BulkAction) => {
    setDone("");
    setBulk({ action, filter: selection.size > 0 ? { ids: [...selection.ids] } : toFilterBody(filter) });
  };
  return (
    <>
      <header className="page-head">
        <p className="eyebrow">{room}</p>
        <h1>Tasks</h1>
      </header>
      <FilterBar room={room} filter={filter} onChange={change} />
      {tasks.isPending && <Loading what="the tasks" />}
      {tasks.isError && <Problem error={tasks.error} onRetry={() => void tasks.refetch()} />}
      {tasks.data !== undefined && items.length > 0 && (
        <div className="list-head row spread">
          <label className="row small">
            <input
              type="checkbox"
              checked={selection.isAll}
              ref={(box) => {
                if (box !== null) box.indeterminate = selection.size > 0 && !selection.isAll;
              }}
              onChange={({ target }) => selection.selectAll(target.checked)}
            />
            {selection.size > 0
              ? `${selection.size} selected`
              : `${total >= MAX_COUNTED ? "10,000 or more" : total.toLocaleString("en")} ${isFiltering(filter) ? "matching" : "in total"}`}
          </label>
          <span className="row">
            <button type="button" className="button button-small button-danger" onClick={() => ask("cancel")}>
              Cancel {selection.size > 0 ? "selected" : "all"}…
            </button>
            <button type="button" className="button button-small" onClick={() => ask("retry")}>
              Retry {selection.size > 0 ? "selected" : "all"}…
            </button>
          </span>
        </div>
      )}
      <p role="status" className="small done">
        {done}
      </p>
      {tasks.data !== undefined && items.length === 0 && (
        <Empty title={isFiltering(filter) ? "No task matches." : "No tasks yet."}>
          {isFiltering(filter) ? (
            <button
              type="button"
              className="button"
              onClick={() => change({ status: [], job: "", by: "", q: "" })}
            >
              Clear the filter
            </button>
          ) : (
            <Link className="button" to={paths.room(room)}>
              Show the jobs
            </Link>
          )}
        </Empty>
      )}
      <ul className={tasks.isPlaceholderData ? "tasks is-old" : "tasks"}>
        {items.map((task) => (
          <TaskRow
            key={task.id}
            task={task}
            longest={longest}
            isSelected={selection.ids.has(task.id)}
            onSelect={(isSelected) => selection.select(task.id, isSelected)}
          />
        ))}
      </ul>
      {(filter.after !== undefined || next !== undefined) && (
        <nav className="pager row spread" aria-label="Pages">
          <button
            type="button"
            className="button"
            disabled={filter.after === undefined}
            onClick={() => (history.state?.idx > 0 ? void navigate(-1) : change({ after: undefined }))}
          >
            Newer
          </button>
          {filter.after !== undefined && (
            <button
              type="button"
              className="button button-plain"
              onClick={() => change({ after: undefined })}
            >
              Newest
            </button>
          )}
          <button
            type="button"
            className="button"
            disabled={next === undefined}
            onClick={() => next !== undefined && change({ after: next })}
          >
            {items.length === PAGE_SIZE || next === undefined ? "Older" : "Search older tasks"}
          </button>
        </nav>
      )}
      {bulk !== undefined && (
        <BulkDialog
          room={room}
          {...bulk}
          onClose={() => setBulk(undefined)}
          onDone={(text) => {
            setBulk(undefined);
            setDone(text);
            selection.clear();
          }}
        />
      )}
    </>
  );
};
