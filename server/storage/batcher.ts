import { StorageUnavailable } from "./storage-unavailable.ts";

/** How concurrent calls of one verb become one statement. */
export interface BatchOptions<Wish, Result> {
  /** The joint statement; its results stand in the order of the wishes. */
  run(wishes: readonly Wish[]): Promise<readonly Result[]>;
  /** How much one statement carries, in whatever `weightOf` counts (1 each without it); a heavier wish goes alone. */
  readonly most: number;
  weightOf?(wish: Wish): number;
  /** Two wishes of one key never share a statement: the later waits for the next. */
  keyOf?(wish: Wish): string;
  /** Wishes of different lanes never share a statement, nor wait for each other. */
  laneOf?(wish: Wish): string;
}

/** Joins the statement; a caller that is gone by the time it is sent is left out of it, and told `undefined`. */
export type BatchedCall<Wish, Result> = {
  (wish: Wish): Promise<Result>;
  (wish: Wish, isGone: () => boolean): Promise<Result | undefined>;
};

interface Member<Wish, Result> {
  readonly wish: Wish;
  readonly isGone: (() => boolean) | undefined;
  readonly settle: PromiseWithResolvers<Result | undefined>;
}

/** Runs the statement for all, or, where it fails for a reason of one of them, for each alone. */
const settle = async <Wish, Result>(
  members: readonly Member<Wish, Result>[],
  run: BatchOptions<Wish, Result>["run"],
): Promise<void> => {
  try {
    const results = await run(members.map(({ wish }) => wish));
    members.forEach((member, index) => {
      member.settle.resolve(results[index]);
    });
  } catch (error) {
    // A database that is away is away for each of them: asking again would hold them up one after the other.
    if (members.length === 1 || error instanceof StorageUnavailable) {
      for (const member of members) member.settle.reject(error);
    } else {
      for (const member of members) await settle([member], run);
    }
  }
};

/** What of the waiting goes into the next statement; the others stay, in their order. */
const take = <Wish, Result>(
  waiting: Member<Wish, Result>[],
  { most, weightOf, keyOf }: BatchOptions<Wish, Result>,
): Member<Wish, Result>[] => {
  const taken: Member<Wish, Result>[] = [];
  const left: Member<Wish, Result>[] = [];
  const keys = new Set<string>();
  let weight = 0;
  for (const member of waiting) {
    if (member.isGone?.() === true) {
      member.settle.resolve(undefined);
      continue;
    }
    const own = weightOf?.(member.wish) ?? 1;
    const key = keyOf?.(member.wish);
    const isFull = taken.length > 0 && weight + own > most;
    if (isFull) weight = most;
    if (isFull || (key !== undefined && keys.has(key))) {
      left.push(member);
    } else {
      taken.push(member);
      weight += own;
    }
    // Also of those that stay behind: a third of that key must not overtake the second.
    if (key !== undefined) keys.add(key);
  }
  waiting.splice(0, waiting.length, ...left);
  return taken;
};

/**
 * Concurrent calls share a statement: what comes while one is in flight goes into the next. Nothing waits for a timer:
 * a lone call is sent in the same turn of the event loop, together with what else that turn brings.
 */
export const createBatcher = <Wish, Result>(joint: BatchOptions<Wish, Result>): BatchedCall<Wish, Result> => {
  const lanes = new Map<string, Member<Wish, Result>[]>();

  const drain = async (lane: string, waiting: Member<Wish, Result>[]): Promise<void> => {
    while (waiting.length > 0) {
      const members = take(waiting, joint);
      if (members.length > 0) await settle(members, joint.run);
    }
    lanes.delete(lane);
  };

  function join(wish: Wish): Promise<Result>;
  function join(wish: Wish, isGone: () => boolean): Promise<Result | undefined>;
  function join(wish: Wish, isGone?: () => boolean): Promise<Result | undefined> {
    const lane = joint.laneOf?.(wish) ?? "";
    const settled = Promise.withResolvers<Result | undefined>();
    const member = { wish, isGone, settle: settled };
    const waiting = lanes.get(lane);
    if (waiting === undefined) {
      const first = [member];
      lanes.set(lane, first);
      setImmediate(() => void drain(lane, first));
    } else {
      waiting.push(member);
    }
    return settled.promise;
  }
  return join;
};
