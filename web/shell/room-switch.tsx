import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { readQuery } from "../api/queries.ts";
import { paths } from "./paths.ts";

const ALL = "";

/** Switches to another room, or to the list of rooms. */
export const RoomSwitch = ({ room }: { readonly room: string }) => {
  const navigate = useNavigate();
  const rooms = useQuery(readQuery("listRooms", { query: { limit: 500 } }));
  const names = new Set([room, ...(rooms.data?.items.map(({ room_id }) => room_id) ?? [])]);
  return (
    <div className="room-switch">
      <label className="visually-hidden" htmlFor="room">
        Room
      </label>
      <select
        id="room"
        className="select"
        value={room}
        onChange={({ target }) => {
          void navigate(target.value === ALL ? paths.rooms : paths.room(target.value));
        }}
      >
        {[...names].map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value={ALL}>All rooms…</option>
      </select>
    </div>
  );
};
