import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { keepPreviousPage, readQuery, roomScope } from "../../api/queries.ts";
import { Ago } from "../../design/ago.tsx";
import { getSpans, Lifeline } from "../../design/lifeline.tsx";
import { Status } from "../../design/status.tsx";
import { paths } from "../../shell/paths.ts";

const MAX_TASKS = 8;

/** Lists the latest tasks of a job in a room. */
export const LatestTasks = ({ room, job }: { readonly room: string; readonly job: string }) => {
  const { data } = useQuery({
    ...readQuery(
      "listRoomTasks",
      { params: { room_id: room }, query: { job, limit: MAX_TASKS } },
      roomScope(room),
    ),
    ...keepPreviousPage,
  });
  if (data === undefined || data.items.length === 0)
    return <p className="quiet">No tasks yet. Submitted tasks appear here.</p>;
  const lives = data.items.map((task) => getSpans(task, Date.now()));
  const longest = Math.max(...lives.flatMap(({ wait, run }) => [wait, run ?? 0]));
  return (
    <>
      <ul className="latest">
        {data.items.map((task) => (
          <li key={task.id}>
            <Link to={paths.task(task.id)} className="latest-link">
              <Status status={task.status} />
              <Lifeline task={task} longest={longest} />
              <span className="small quiet">
                <Ago at={task.created_at} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
      <p className="small">
        <Link to={paths.tasks(room, { job })}>All tasks of this job</Link>
      </p>
    </>
  );
};
