import { Health } from "./health.ts";
import { operation } from "./operation.ts";
import { API_PATH, RoomParams } from "./operation-parts.ts";
import { PageQuery, pageOf } from "./page.ts";
import { RoomSummary } from "./room-summary.ts";
import { Stats, StatsQuery } from "./stats.ts";

/** The rooms that hold jobs or tasks and that the caller may read, `@global` first. */
export const listRooms = operation({
  method: "GET",
  path: `${API_PATH}/rooms`,
  summary: "The rooms that hold jobs or tasks and that the caller may read, `@global` first",
  access: "user",
  query: PageQuery,
  responses: { 200: pageOf(RoomSummary) },
  problems: [],
});

/** A room's jobs in figures, and what happened in the last hours. */
export const readRoomStats = operation({
  method: "GET",
  path: `${API_PATH}/rooms/:room_id/stats`,
  summary: "A room's jobs in figures, and what happened in the last hours",
  access: "room-read",
  params: RoomParams,
  query: StatsQuery,
  responses: { 200: Stats },
  problems: ["invalid-room-id"],
});

/** What happened in all rooms in the last hours. */
export const readStats = operation({
  method: "GET",
  path: `${API_PATH}/stats`,
  summary: "What happened in all rooms in the last hours",
  access: "admin",
  query: StatsQuery,
  responses: { 200: Stats },
  problems: [],
});

/** How the server's parts are: what a dashboard shows, also where the host keeps `/readyz` to itself. */
export const readHealth = operation({
  method: "GET",
  path: `${API_PATH}/health`,
  summary: "How the server's parts are",
  access: "user",
  responses: { 200: Health },
  problems: [],
});
