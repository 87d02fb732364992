import type { SubjectName } from "../subjects/subjects.ts";
import { drain } from "./drain.ts";
import type { Bench, Measure } from "./measure.ts";
import { createSetup } from "./setup.ts";

/**
 * The batch sizes keep request bodies below the server's limit of 1 MiB. The counts are so large
 * that processing takes more than a second, because a single pause of the garbage collector would
 * distort a shorter measurement.
 */
const SIZES = [
  { name: "10 KB", bytes: 10_000, count: 10_000, batch: 50 },
  { name: "100 KB", bytes: 100_000, count: 2000, batch: 8 },
] as const;

const SUBJECTS = [
  { name: "joblib", subject: "joblib" },
  { name: "BullMQ", subject: "bullmq" },
] as const;

type Size = (typeof SIZES)[number];

const measureRate = async (
  bench: Bench,
  subject: SubjectName,
  { bytes, count, batch }: Size,
): Promise<number> => {
  await using setup = await createSetup(bench, subject);
  const backlog = { count: bench.isQuick ? count / 2 : count, batch, bytes };
  return (await drain({ subject, setting: "fast", endpoints: setup.endpoints }, backlog)).drained;
};

export const payloads: readonly Measure[] = SIZES.flatMap((size) =>
  SUBJECTS.map(({ name, subject }) => {
    const sample = `${name} drain, fast, ${size.name}`;
    return {
      units: { [sample]: "tasks/s" },
      timeoutSeconds: 90,
      run: async (bench: Bench) => ({ [sample]: await measureRate(bench, subject, size) }),
    };
  }),
);
