import type { CallerInfo, Health, Stats } from "../../../protocol/index.ts";
import type { CallOptions } from "../options.ts";
import { type RequestQuery, Resource, type ResponseBody } from "./resource.ts";

/** The server: `client.server`. */
export class Server extends Resource {
  /** Returns the caller's identity, and its permissions in a room. */
  caller(query: RequestQuery<"readCaller"> = {}, options?: CallOptions): Promise<CallerInfo> {
    return this.send("readCaller", { query }, options);
  }

  /** Returns the state of the server's components. */
  health(options?: CallOptions): Promise<Health> {
    return this.send("readHealth", {}, options);
  }

  /** Returns the stats of all rooms. */
  stats(query: RequestQuery<"readStats"> = {}, options?: CallOptions): Promise<Stats> {
    return this.send("readStats", { query }, options);
  }

  /** Lists the problems that the API returns. */
  async listProblems(options?: CallOptions): Promise<ResponseBody<"listProblems">["items"]> {
    return (await this.send("listProblems", {}, options)).items;
  }
}
