import { useEffect, useState } from "react";
import type { Job } from "../../../protocol/index.ts";
import type { ApiServer } from "../../api/api-server.ts";
import { callServer } from "../../api/call-server.ts";
import { createNoResponseFailure, Failure } from "../../api/failure.ts";
import { followServer } from "../../api/follow-server.ts";
import type { FormConfig } from "./events.ts";

/** A job, or the error that occurred when it was read. */
export interface JobState {
  readonly job?: Job | undefined;
  readonly failure?: Failure | undefined;
}

/**
 * Converts an error to a failure. Any error that is not a `Failure` means that the server did not
 * respond.
 */
export const toFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : createNoResponseFailure();

/**
 * Reads a job. While the job does not exist or has no worker, also follows the room and reads the
 * job again after each change. The job's name must not change between renders, so give the
 * component of each job its own React key.
 */
export const useJob = (server: ApiServer, { room, job: name, tokenVersion }: FormConfig): JobState => {
  const [state, setState] = useState<JobState>({});

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new token reads the job again
  useEffect(() => {
    const unmount = new AbortController();
    const followRoom = new AbortController();
    const read = async () => {
      try {
        const params = { room_id: room, job_name: name };
        const job = await callServer(server, ["readJob", { params }], { signal: unmount.signal });
        if (job.workers.length > 0) followRoom.abort();
        setState({ job });
      } catch (error) {
        if (!unmount.signal.aborted) setState(({ job }) => ({ job, failure: toFailure(error) }));
      }
    };
    void read();
    void followServer(server, {
      name: "followRoom",
      params: { room_id: room },
      signal: AbortSignal.any([unmount.signal, followRoom.signal]),
      onEvent: ({ event }) => {
        if (event !== "task") void read();
      },
      onState: () => {},
    });
    return () => unmount.abort();
  }, [server, room, name, tokenVersion]);

  return state;
};
