import { Link, NavLink } from "react-router";
import { HealthIcon, JobsIcon, Logo, TasksIcon, WorkersIcon } from "../design/icons.tsx";
import { paths } from "./paths.ts";
import { useRoom } from "./room.ts";
import { RoomSwitch } from "./room-switch.tsx";
import { ThemeToggle } from "./theme-toggle.tsx";

const Nav = ({ room }: { readonly room: string }) => (
  <nav className="nav" aria-label="Room">
    <NavLink to={paths.room(room)} end>
      <JobsIcon />
      Jobs
    </NavLink>
    <NavLink to={paths.tasks(room)}>
      <TasksIcon />
      Tasks
    </NavLink>
    <NavLink to={paths.workers(room)}>
      <WorkersIcon />
      Workers
    </NavLink>
    <NavLink to={paths.health(room)}>
      <HealthIcon />
      Health
    </NavLink>
  </nav>
);

export const Masthead = () => {
  const room = useRoom();
  return (
    <header className="masthead">
      <div className="masthead-row">
        <Link to={paths.rooms} className="brand" aria-label="joblib: all rooms">
          <Logo />
          <span className="brand-name">joblib</span>
        </Link>
        {room !== undefined && <RoomSwitch room={room} />}
        {room !== undefined && <Nav room={room} />}
        <ThemeToggle />
      </div>
    </header>
  );
};
