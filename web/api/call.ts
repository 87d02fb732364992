import type { OperationName, OperationRequest, Operations } from "../../protocol/index.ts";
import { type CallOptions, callServer, type ResponseBody } from "./call-server.ts";
import { dashboardServer } from "./dashboard-server.ts";

export type { ResponseBody } from "./call-server.ts";

/** Calls an operation of the dashboard's own server. */
export const call = <Name extends OperationName>(
  name: Name,
  request: OperationRequest<Operations[Name]>,
  options?: CallOptions,
): Promise<ResponseBody<Name>> => callServer(dashboardServer, [name, request], options);
