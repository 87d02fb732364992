import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";
import { readQuery, roomScope } from "../../api/queries.ts";
import { Loading, Problem } from "../../design/notice.tsx";
import { useRoomLive } from "../../live/use-room-live.ts";
import { useTitle } from "../../shell/title.ts";
import { JobStatsTable } from "./job-stats.tsx";
import { Plots } from "./plots.tsx";
import { ServerParts } from "./server-parts.tsx";

const HOURS = [1, 6, 24] as const;
const POLL_INTERVAL_MS = 15_000;

/** Shows the stats of a room and the state of the server's components. */
export const HealthPage = () => {
  const { room = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  useTitle("Health", room);
  useRoomLive(room);
  const hours = HOURS.find((choice) => String(choice) === search.get("hours")) ?? 1;
  const stats = useQuery({
    ...readQuery("readRoomStats", { params: { room_id: room }, query: { hours } }, roomScope(room)),
    refetchInterval: POLL_INTERVAL_MS,
  });
  return (
    <>
      <header className="page-head">
        <p className="eyebrow">{room}</p>
        <div className="row spread">
          <h1>Health</h1>
          <fieldset className="segments">
            <legend className="visually-hidden">Time range</legend>
            {HOURS.map((choice) => (
              <label key={choice} className="segment">
                <input
                  type="radio"
                  name="hours"
                  checked={choice === hours}
                  onChange={() => setSearch(choice === 1 ? {} : { hours: String(choice) }, { replace: true })}
                />
                <span>{choice === 1 ? "1 hour" : `${choice} hours`}</span>
              </label>
            ))}
          </fieldset>
        </div>
      </header>
      <ServerParts />
      {stats.isPending && <Loading what="the stats" />}
      {stats.isError && <Problem error={stats.error} onRetry={() => void stats.refetch()} />}
      {stats.data !== undefined && (
        <>
          <Plots stats={stats.data} />
          <JobStatsTable room={room} jobs={stats.data.jobs} />
        </>
      )}
    </>
  );
};
