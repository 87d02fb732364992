import type { OperationName, OperationRequest, Operations } from "../../protocol/index.ts";
import { type Answer, type CallOptions, callAt } from "./call-at.ts";
import { dashboardHome } from "./dashboard-home.ts";

export type { Answer } from "./call-at.ts";

/** Calls an operation of the dashboard's own server. */
export const call = <Name extends OperationName>(
  name: Name,
  request: OperationRequest<Operations[Name]>,
  options?: CallOptions,
): Promise<Answer<Name>> => callAt(dashboardHome, [name, request], options);
