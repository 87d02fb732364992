/**
 * Processes all items, `width` at a time, and returns the results in the order of the items. After a failure,
 * starts no further items, waits for the running ones, and then throws the first error.
 */
export const runConcurrently = async <Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = [];
  const failures: unknown[] = [];
  const remaining = items.entries();
  const processItems = async () => {
    for (const [index, item] of remaining) {
      if (failures.length > 0) return;
      try {
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, processItems));
  if (failures.length > 0) throw failures[0];
  return results;
};
