import { useEffect, useState } from "react";
import { useConnection } from "../live/connection.ts";

/** A blink of the network is nobody's business. */
const PATIENCE_MS = 1500;

/** One line above the page while what it shows may be old. */
export const Banner = () => {
  const connection = useConnection();
  const isCutOff = connection?.state === "cut-off";
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isCutOff) return setLate(false);
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isCutOff]);
  const isRefused = connection?.state === "refused" && connection.failure?.status !== 401;
  return (
    <div role="status">
      {isCutOff && isLate && (
        <p className="banner">
          <span>Live updates are cut off. What you see may be old; joblib is connecting again.</span>
        </p>
      )}
      {isRefused && (
        <p className="banner">
          <span>No live updates: {connection.failure?.message ?? "the server refuses them"}</span>
        </p>
      )}
    </div>
  );
};
