import { drain } from "./drain.ts";
import { groundFor } from "./ground.ts";
import type { Measure } from "./measure.ts";

const COUNT = 20_000;

/** The same table filled and emptied three times, without a pause in which autovacuum could help. */
export const thirdDrain: Measure = {
  gives: { "joblib first drain": "tasks/s", "joblib third drain": "tasks/s" },
  withinSeconds: 150,
  async run(bench) {
    await using ground = await groundFor(bench, "joblib");
    const role = { subject: "joblib", setting: "fast", place: ground.place } as const;
    const backlog = { count: bench.isQuick ? COUNT / 2 : COUNT, batch: 1000 };
    const first = await drain(role, backlog);
    await drain(role, backlog);
    const third = await drain(role, backlog);
    return { "joblib first drain": first.drained, "joblib third drain": third.drained };
  },
};
