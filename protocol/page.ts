import * as z from "zod";

/**
 * Returns the schema of an integer in a query string. Accepts only digits, because zod's coercion
 * would convert an empty string to 0.
 */
export function createIntegerParameter(min: number, max: number, fallback: number) {
  return (
    z
      .preprocess(
        (value) => (typeof value === "string" && !/^\d+$/.test(value) ? Number.NaN : value),
        z.coerce.number().int().min(min).max(max),
      )
      // With `default` instead of `prefault`, the OpenAPI document would lack the default value.
      .prefault(fallback)
  );
}

/** Query parameters of every list: `limit` 0–500 (default 50) and `offset`. */
export const PageQuery = z.object({
  limit: createIntegerParameter(0, 500, 50),
  offset: createIntegerParameter(0, 1_000_000_000, 0),
});
export type PageQuery = z.infer<typeof PageQuery>;

/**
 * Maximum number of tasks that a list counts, because there may be millions. The `total` of a page
 * is never larger.
 */
export const MAX_COUNTED = 10_000;

/**
 * The query parameters of a list of tasks. `after` is a cursor. A query with `offset` becomes
 * slower with every page; a query with `after` does not.
 */
export const TaskPageQuery = PageQuery.extend({
  after: z.string().optional().describe("the id of the last task of the previous page"),
});
export type TaskPageQuery = z.infer<typeof TaskPageQuery>;

/** Returns the schema of one page of a list, newest first. */
export function createPageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    total: z.int().min(0).describe("total number of items; for tasks, 10,000 means 10,000 or more"),
    limit: z.int(),
    offset: z.int(),
  });
}

export type Page<Item> = Omit<z.infer<ReturnType<typeof createPageSchema>>, "items"> & { items: Item[] };
