import type { StreamName } from "../../protocol/index.ts";
import { dashboardHome } from "./dashboard-home.ts";
import { type Following, followAt } from "./follow-at.ts";

export type { StreamState } from "./follow-at.ts";

/** Follows a stream of the dashboard's own server until its signal is aborted. */
export const follow = <Name extends StreamName>(following: Following<Name>): Promise<void> =>
  followAt(dashboardHome, following);
