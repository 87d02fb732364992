import type { Stats, StreamEvent } from "../../../protocol/index.ts";
import type { CallOptions, FollowOptions } from "../options.ts";
import { type RequestQuery, Resource, type ResponseBody } from "./resource.ts";

/** Rooms: `client.rooms`. */
export class Rooms extends Resource {
  /** Lists the rooms with jobs or tasks that the caller may read, `@global` first. */
  list(query: RequestQuery<"listRooms"> = {}, options?: CallOptions): Promise<ResponseBody<"listRooms">> {
    return this.send("listRooms", { query }, options);
  }

  /** Returns the stats of a room: of its jobs, and of the tasks that ended in the last hours. */
  stats(room: string, query: RequestQuery<"readRoomStats"> = {}, options?: CallOptions): Promise<Stats> {
    return this.send("readRoomStats", { params: { room_id: room }, query }, options);
  }

  /** Yields the changes in a room. See `JoblibClient.follow`. */
  follow(room: string, options?: FollowOptions): AsyncGenerator<StreamEvent<"followRoom">, void, undefined> {
    return this.client.follow("followRoom", { room_id: room }, options);
  }
}
