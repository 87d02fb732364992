import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { readQuery } from "../../api/queries.ts";
import { Ago } from "../../design/ago.tsx";

const POLL_INTERVAL_MS = 5000;

const Part = ({
  name,
  isUp,
  word,
  children,
}: {
  readonly name: string;
  readonly isUp: boolean;
  readonly word: string;
  readonly children?: ReactNode;
}) => (
  <div className={isUp ? "part" : "part is-down"}>
    <dt>{name}</dt>
    <dd>
      <i className={isUp ? "dot is-up" : "dot is-down"} aria-hidden="true" />
      {word}
      {children !== undefined && <span className="quiet small"> {children}</span>}
    </dd>
  </div>
);

/** Shows the state of the server's components. */
export const ServerParts = () => {
  const { data, error } = useQuery({ ...readQuery("readHealth", {}), refetchInterval: POLL_INTERVAL_MS });
  if (data === undefined)
    return error === null ? null : (
      <dl className="parts">
        <Part name="Server" isUp={false} word="not reachable" />
      </dl>
    );
  const { database, bus, sweeper, version } = data;
  return (
    <dl className="parts">
      <Part name="Server" isUp={error === null} word={error === null ? "up" : "no response"}>
        joblib {version}
      </Part>
      <Part name="Database" isUp={database.state === "up"} word={database.state} />
      <Part name="Event bus" isUp={bus.state === "up"} word={bus.state}>
        {bus.kind === "redis" ? "Redis" : "in-process"}
        {bus.state === "down" && ": long polls query the database every second"}
      </Part>
      <Part name="Sweeper" isUp={sweeper.state === "up"} word={sweeper.state}>
        {sweeper.last_sweep === null ? (
          "no sweep yet"
        ) : (
          <>
            last sweep <Ago at={sweeper.last_sweep} />
          </>
        )}
      </Part>
    </dl>
  );
};
