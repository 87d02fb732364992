import { useEffect, useState } from "react";
import type { Job } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import { createNoResponseFailure, Failure } from "../../api/failure.ts";
import { followServer } from "../../api/follow-server.ts";
import type { FormConfig } from "./events.ts";

/** A job, or why there is none yet. */
export interface JobState {
  readonly job?: Job | undefined;
  readonly failure?: Failure | undefined;
}

/** What is no answer of joblib's, and what is one. */
export const toFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : createNoResponseFailure();

/** A job as a room sees it. While there is none, or nobody to run it, the room is watched: it appears with its worker. Made for one job: of another one there is another. */
export const useJob = (home: ApiServer, { room, job: name, turn }: FormConfig): JobState => {
  const [state, setState] = useState<JobState>({});

  // biome-ignore lint/correctness/useExhaustiveDependencies: another turn reads again, with another token
  useEffect(() => {
    const ended = new AbortController();
    const watching = new AbortController();
    const read = async () => {
      try {
        const params = { room_id: room, job_name: name };
        const job = await callServer(home, ["readJob", { params }], { signal: ended.signal });
        if (job.workers.length > 0) watching.abort();
        setState({ job });
      } catch (error) {
        if (!ended.signal.aborted) setState(({ job }) => ({ job, failure: toFailure(error) }));
      }
    };
    void read();
    void followServer(home, {
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
