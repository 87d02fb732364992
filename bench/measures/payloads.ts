import type { SubjectName } from "../subjects/subjects.ts";
import { drain } from "./drain.ts";
import { groundFor } from "./ground.ts";
import type { Bench, Measure } from "./measure.ts";

/** A request's body stays under the server's limit of 1 MiB; a backlog lasts more than a second, or one pause of a collector would decide it. */
const SIZES = [
  { name: "10 KB", bytes: 10_000, count: 10_000, batch: 50 },
  { name: "100 KB", bytes: 100_000, count: 2000, batch: 8 },
] as const;

const SUBJECTS = [
  { name: "joblib", subject: "joblib" },
  { name: "BullMQ", subject: "bullmq" },
] as const;

type Size = (typeof SIZES)[number];

const rateOf = async (bench: Bench, subject: SubjectName, { bytes, count, batch }: Size): Promise<number> => {
  await using ground = await groundFor(bench, subject);
  const backlog = { count: bench.isQuick ? count / 2 : count, batch, bytes };
  return (await drain({ subject, setting: "fast", place: ground.place }, backlog)).drained;
};

export const payloads: readonly Measure[] = SIZES.flatMap((size) =>
  SUBJECTS.map(({ name, subject }) => {
    const sample = `${name} drain, fast, ${size.name}`;
    return {
      gives: { [sample]: "tasks/s" },
      withinSeconds: 90,
      run: async (bench: Bench) => ({ [sample]: await rateOf(bench, subject, size) }),
    };
  }),
);
