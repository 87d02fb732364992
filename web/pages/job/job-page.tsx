import { useQuery } from "@tanstack/react-query";
import { useRef } from "react";
import { useParams, useSearchParams } from "react-router";
import type { Job } from "../../../protocol/index.ts";
import { readQuery, roomScope } from "../../api/queries.ts";
import { CopyButton } from "../../design/copy.tsx";
import { Loading, Problem } from "../../design/notice.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { useTitle } from "../../shell/title.ts";
import { TaskPanel } from "../../task/task-panel.tsx";
import { useTask } from "../../task/use-task.ts";
import { WorkerDots } from "../jobs/job-row.tsx";
import { Percentiles } from "../jobs/percentiles.tsx";
import { LatestTasks } from "./latest-tasks.tsx";
import { SubmitForm } from "./submit-form.tsx";

const Head = ({ job, room }: { readonly job: Job; readonly room: string }) => {
  const { data } = useQuery(readQuery("readRoomStats", { params: { room_id: room } }, roomScope(room)));
  const stats = data?.jobs.find(({ job_name }) => job_name === job.full_name);
  return (
    <header className="page-head">
      <p className="eyebrow">{job.category}</p>
      <h1>{job.name}</h1>
      <p className="mono small quiet row">
        {job.full_name} <CopyButton text={job.full_name} what="the job's name" />
      </p>
      {job.description !== null && <p className="description">{job.description}</p>}
      <div className="job-stats">
        <WorkerDots workers={stats?.workers ?? job.workers.length} busy={stats?.busy_workers ?? 0} />
        <span>
          <span className="figure">{(stats?.pending ?? job.pending).toLocaleString("en")}</span> pending
        </span>
        <Percentiles values={stats?.wait ?? null} label="Wait" />
        <Percentiles values={stats?.run ?? null} label="Run" />
      </div>
    </header>
  );
};

/** Shows the form of a job next to the submitted task. */
export const JobPage = () => {
  const { room = "", job: name = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  useTitle(name.slice(name.lastIndexOf(":") + 1), room);
  useRoomLive(room);
  const panel = useRef<HTMLDivElement>(null);
  const job = useQuery(readQuery("readJob", { params: { room_id: room, job_name: name } }, roomScope(room)));
  const from = search.get("from") ?? undefined;
  const followed = search.get("task") ?? undefined;
  const origin = useTask(from);
  if (job.data === undefined)
    return (
      <>
        <h1 className="page-head">{name}</h1>
        {job.isPending ? (
          <Loading what="the job" />
        ) : (
          <Problem error={job.error} onRetry={() => void job.refetch()} />
        )}
      </>
    );
  const follow = (task: string) => {
    setSearch((before) => ({ ...Object.fromEntries(before), task }), { replace: true });
    requestAnimationFrame(() => panel.current?.scrollIntoView({ block: "nearest", behavior: "smooth" }));
  };
  return (
    <>
      <Head job={job.data} room={room} />
      <div className="job-columns">
        <section aria-labelledby="submit">
          <h2 id="submit">{from === undefined ? "Submit a task" : "Run again with…"}</h2>
          {from !== undefined && origin.isPending ? (
            <Loading what="the task" />
          ) : (
            <SubmitForm
              key={`${room} ${name} ${from}`}
              room={room}
              job={job.data}
              initial={origin.data?.payload}
              onSubmitted={follow}
            />
          )}
        </section>
        <section className="job-side" aria-labelledby="follow" ref={panel}>
          <h2 id="follow">{followed === undefined ? "Latest tasks" : "Your task"}</h2>
          {followed !== undefined && <TaskPanel key={followed} id={followed} />}
          {followed !== undefined && <h3>Latest tasks</h3>}
          <LatestTasks room={room} job={name} />
        </section>
      </div>
    </>
  );
};
