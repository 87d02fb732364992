import type { StreamName } from "../../protocol/index.ts";
import { dashboardServer } from "./dashboard-server.ts";
import { type FollowOptions, followServer } from "./follow-server.ts";

export type { StreamState } from "./follow-server.ts";

/** Follows a stream of the dashboard's own server until its signal is aborted. */
export const follow = <Name extends StreamName>(following: FollowOptions<Name>): Promise<void> =>
  followServer(dashboardServer, following);
