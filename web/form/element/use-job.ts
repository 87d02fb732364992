import { useEffect, useState } from "react";
import type { Job } from "../../../protocol/index.ts";
import { callAt } from "../../api/call-at.ts";
import { createNoResponseFailure, Failure } from "../../api/failure.ts";
import { followAt } from "../../api/follow-at.ts";
import type { Home } from "../../api/home.ts";
import type { FormPlace } from "./words.ts";

/** A job, or why there is none yet. */
export interface JobState {
  readonly job?: Job | undefined;
  readonly failure?: Failure | undefined;
}

/** What is no answer of joblib's, and what is one. */
export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : createNoResponseFailure();

/** A job as a room sees it. While there is none, or nobody to run it, the room is watched: it appears with its worker. Made for one job: of another one there is another. */
export const useJob = (home: Home, { room, job: name, turn }: FormPlace): JobState => {
  const [state, setState] = useState<JobState>({});

  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn reads again, with another token
  useEffect(() => {
    const ended = new AbortController();
    const watching = new AbortController();
    const read = async () => {
      try {
        const params = { room_id: room, job_name: name };
        const job = await callAt(home, ["readJob", { params }], { signal: ended.signal });
        if (job.workers.length > 0) watching.abort();
        setState({ job });
      } catch (error) {
        if (!ended.signal.aborted) setState(({ job }) => ({ job, failure: asFailure(error) }));
      }
    };
    void read();
    void followAt(home, {
      name: "followRoom",
      params: { room_id: room },
      signal: AbortSignal.any([ended.signal, watching.signal]),
      onEvent: ({ event }) => {
        if (event !== "task") void read();
      },
      onState: () => {},
    });
    return () => ended.abort();
  }, [home, room, name, turn]);

  return state;
};
