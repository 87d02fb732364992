import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { reading, roomScope, staying } from "../../api/queries.ts";
import { Ago } from "../../design/ago.tsx";
import { Lifeline, spansOf } from "../../design/lifeline.tsx";
import { Status } from "../../design/status.tsx";
import { paths } from "../../shell/paths.ts";

const SHOWN = 8;

/** The last tasks of a job in a room. */
export const LatestTasks = ({ room, job }: { readonly room: string; readonly job: string }) => {
  const { data } = useQuery({
    ...reading("listRoomTasks", { params: { room_id: room }, query: { job, limit: SHOWN } }, roomScope(room)),
    ...staying,
  });
  if (data === undefined || data.items.length === 0)
    return <p className="quiet">Nobody has asked for it yet. What you submit can be followed here.</p>;
  const lives = data.items.map((task) => spansOf(task, Date.now()));
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
        <Link to={paths.tasks(room, { job })}>All its tasks</Link>
      </p>
    </>
  );
};
