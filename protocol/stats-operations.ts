import { Health } from "./health.ts";
import { operation } from "./operation.ts";
import { API_PATH, RoomParams } from "./operation-parts.ts";
import { createPageSchema, PageQuery } from "./page.ts";
import { RoomSummary } from "./room-summary.ts";
import { Stats, StatsQuery } from "./stats.ts";

export const listRooms = operation({
  method: "GET",
  path: `${API_PATH}/rooms`,
  summary: "List the rooms with jobs or tasks that the caller may read, `@global` first",
  access: "user",
  query: PageQuery,
  responses: { 200: createPageSchema(RoomSummary) },
  problems: [],
});

/** Reads the stats of a room. */
export const readRoomStats = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/stats`,
  summary: "Get the stats of a room: its jobs, and a time series of the last hours",
  access: "room-read",
  params: RoomParams,
  query: StatsQuery,
  responses: { 200: Stats },
  problems: ["invalid-room-id"],
});

/** Reads the stats of all rooms. */
export const readStats = operation({
  method: "GET",
  path: `${API_PATH}/stats`,
  summary: "Get the stats of all rooms",
  access: "admin",
  query: StatsQuery,
  responses: { 200: Stats },
  problems: [],
});

/** Used by the dashboard, because a host may not expose `/readyz`. */
export const readHealth = operation({
  method: "GET",
  path: `${API_PATH}/health`,
  summary: "Get the state of the server's components",
  access: "user",
  responses: { 200: Health },
  problems: [],
});
