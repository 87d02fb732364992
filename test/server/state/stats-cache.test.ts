import { expect, test } from "vitest";
import { createStatsCache } from "../../../server/state/stats-cache.ts";
import type { StatsRecord } from "../../../server/storage/ports/storage.ts";

test("a request for stats returns its result even if its cache entry is evicted in the meantime", async () => {
  const record: StatsRecord = { since: "", until: "", stepSeconds: 60, jobs: [], series: [] };
  const first = Promise.withResolvers<StatsRecord>();
  const stats = {
    listRoomNames: async () => [],
    summarizeRooms: async () => [],
    getStats: (room: string | undefined) => (room === "first" ? first.promise : Promise.resolve(record)),
  };
  const cache = createStatsCache({ stats }, { worker_timeout_seconds: 60 });

  const reading = cache.fetch("first", { context: { room: "first", hours: 1 } });
  for (let room = 0; room < 1_000; room += 1) {
    await cache.fetch(`${room}`, { context: { room: `${room}`, hours: 1 } });
  }
  expect(cache.has("first")).toBe(false);
  first.resolve(record);

  expect(await reading).toBe(record);
});
