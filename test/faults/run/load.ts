import { submitWithRetry } from "../clients/submitter.ts";
import { sleep } from "../clock.ts";
import type { CaseContext } from "./case-context.ts";
import { waitForAllTasks } from "./wait-for-all-tasks.ts";

/** The load on the servers while a fault is injected. */
export interface Load {
  /** Number of clients, each of which submits one task after the other. Default: 2. */
  readonly submitters?: number;
  /** Number of raw workers. Default: 2. */
  readonly workers?: number;
  /** Maximum pause between two submits of a client, in milliseconds. Default: 20. */
  readonly gapMs?: number;
  /** Fraction of the runs that fail. Default: 0.05. */
  readonly failures?: number;
  /** Maximum duration of a run, in milliseconds. Default: 20. */
  readonly workMs?: number;
  /** Time limit for the last tasks to finish, in seconds. Default: 30. */
  readonly finishSeconds?: number;
}

/** Injects a fault under load, then waits until every submitted task has finished. */
export const runUnderLoad = async (
  context: CaseContext,
  { submitters = 2, workers = 2, gapMs = 20, failures = 0.05, workMs = 20, finishSeconds = 30 }: Load,
  injectFault: () => Promise<void>,
): Promise<void> => {
  for (let index = 0; index < workers; index += 1) await context.rawWorker({ failures, workMs });
  const end = new AbortController();
  const submitTasks = async (index: number): Promise<void> => {
    const client = context.client("submitter");
    const random = context.random.fork(`submitter ${index}`);
    for (let count = 0; !end.signal.aborted; count += 1) {
      await submitWithRetry(client, {
        token: `${index}-${count}`,
        options: { max_attempts: random.integer(1, 5) },
      });
      await sleep(random.between(0, gapMs));
    }
  };
  const submitting = Promise.all(Array.from({ length: submitters }, (_, index) => submitTasks(index)));
  try {
    await Promise.race([injectFault(), submitting]);
  } finally {
    end.abort();
    await submitting;
  }
  await waitForAllTasks(context, finishSeconds);
};

/** Repeats an action for `forMs`, at random times that are `everyMs` apart on average. */
export const repeatAtRandomTimes = async (
  context: CaseContext,
  { forMs, everyMs }: { readonly forMs: number; readonly everyMs: number },
  work: (index: number) => Promise<void> | void,
): Promise<void> => {
  const until = performance.now() + forMs;
  for (let index = 0; performance.now() < until; index += 1) {
    await sleep(context.random.between(0, 2 * everyMs));
    await work(index);
  }
};
