import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link } from "react-router";
import type { RoomSummary } from "../../../protocol/index.ts";
import { keepPreviousPage, readQuery } from "../../api/queries.ts";
import { CommandLine } from "../../design/copy.tsx";
import { Empty, Loading, Problem } from "../../design/notice.tsx";
import { paths } from "../../shell/paths.ts";
import { enterRoom } from "../../shell/room.ts";
import { useTitle } from "../../shell/title.ts";

/** Poll interval in milliseconds. The page polls, because no event stream covers all rooms. */
const POLL_INTERVAL_MS = 5000;

const Count = ({ value, label }: { readonly value: number; readonly label: string }) => (
  <span className={value === 0 ? "room-figure is-none" : "room-figure"}>
    <b className="figure">{value === 10_000 ? "10,000+" : value.toLocaleString("en")}</b> {label}
  </span>
);

const Room = ({ room }: { readonly room: RoomSummary }) => (
  <li className="room-row">
    <Link to={paths.room(room.room_id)} className="room-link">
      <span className="serif room-name">{room.room_id}</span>
      {room.room_id === "@global" && <span className="quiet small">visible in every room</span>}
    </Link>
    <span className="room-figures">
      <Count value={room.jobs} label={room.jobs === 1 ? "job" : "jobs"} />
      <Count value={room.workers} label={room.workers === 1 ? "worker" : "workers"} />
      <Count value={room.pending} label="pending" />
      <Count value={room.running} label="running" />
    </span>
  </li>
);

/** Lists the rooms that the caller may read. */
export const RoomsPage = () => {
  useTitle("Rooms");
  useEffect(() => enterRoom(undefined), []);
  const rooms = useQuery({
    ...readQuery("listRooms", { query: { limit: 500 } }),
    ...keepPreviousPage,
    refetchInterval: POLL_INTERVAL_MS,
  });
  return (
    <>
      <header className="page-head">
        <h1>Rooms</h1>
        <p className="quiet">Each room has its own jobs, tasks and workers.</p>
      </header>
      {rooms.isPending && <Loading what="the rooms" />}
      {rooms.isError && <Problem error={rooms.error} onRetry={() => void rooms.refetch()} />}
      {rooms.data?.items.length === 0 && (
        <Empty title="No worker has registered a job yet.">
          <p className="quiet">Start a worker; its jobs appear here when it is online.</p>
          <CommandLine>npx joblib worker ./examples/chemistry.ts --public</CommandLine>
        </Empty>
      )}
      <ul className="rooms">
        {rooms.data?.items.map((room) => (
          <Room key={room.room_id} room={room} />
        ))}
      </ul>
    </>
  );
};
