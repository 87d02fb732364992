import { Link } from "react-router";
import type { Task } from "../../../protocol/index.ts";
import { Ago } from "../../design/ago.tsx";
import { useNow } from "../../design/clock.ts";
import { formatSpans, getSpans, Lifeline } from "../../design/lifeline.tsx";
import { Status } from "../../design/status.tsx";
import { paths } from "../../shell/paths.ts";
import { getShortName } from "../../task/short-name.ts";

export const TaskRow = ({
  task,
  longest,
  isSelected,
  onSelect,
}: {
  readonly task: Task;
  readonly longest: number;
  readonly isSelected: boolean;
  readonly onSelect: (isSelected: boolean) => void;
}) => {
  const spans = getSpans(task, useNow());
  const percent = task.status === "running" ? task.progress?.fraction : undefined;
  return (
    <li className={isSelected ? "task-row is-selected" : "task-row"}>
      <label className="task-check">
        <input type="checkbox" checked={isSelected} onChange={({ target }) => onSelect(target.checked)} />
        <span className="visually-hidden">
          Select {getShortName(task.job_name)} {task.id.slice(0, 13)}
        </span>
      </label>
      <span className="task-status small">
        <Status status={task.status} />
        {percent !== undefined && <span className="figure quiet">{Math.round(percent * 100)} %</span>}
      </span>
      <span className="task-what">
        <Link to={paths.task(task.id)} className="task-link">
          {getShortName(task.job_name)}
        </Link>
        <span className="mono quiet task-short-id">{task.id.slice(0, 13)}</span>
        {task.status === "failed" && task.error !== null && (
          <span className="task-error-line small">{task.error.split("\n", 1)[0]}</span>
        )}
      </span>
      <span className="task-life">
        <Lifeline task={task} longest={longest} />
        <span className="small quiet figure">{formatSpans(spans, task.status)}</span>
      </span>
      <span className="task-when small quiet">
        <Ago at={task.created_at} />
        {task.created_by_id !== null && <span className="task-by">{task.created_by_id}</span>}
      </span>
    </li>
  );
};
