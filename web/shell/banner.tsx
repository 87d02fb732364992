import { useEffect, useState } from "react";
import { useConnection } from "../live/connection.ts";

/** An interrupted connection is shown only after it has lasted for this many milliseconds. */
const SHOW_AFTER_MS = 1500;

/** Shows a warning at the top of the page while its data may be outdated. */
export const Banner = () => {
  const connection = useConnection();
  const isCutOff = connection?.state === "cut-off";
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isCutOff) return setLate(false);
    const timer = setTimeout(() => setLate(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [isCutOff]);
  const isRefused = connection?.state === "refused" && connection.failure?.status !== 401;
  return (
    <div role="status">
      {isCutOff && isLate && (
        <p className="banner">
          <span>Live updates are interrupted. This page may be out of date; reconnecting…</span>
        </p>
      )}
      {isRefused && (
        <p className="banner">
          <span>
            Live updates are not available:{" "}
            {connection.failure?.message ?? "the server rejected the connection"}
          </span>
        </p>
      )}
    </div>
  );
};
