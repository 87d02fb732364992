import * as z from "zod";

/** A whole number as it stands in a query: digits, where coercion alone would take an empty text for 0. */
const whole = (max: number, fallback: number) =>
  z
    .preprocess(
      (value) => (typeof value === "string" && !/^\d+$/.test(value) ? Number.NaN : value),
      z.coerce.number().int().min(0).max(max),
    )
    // Not `default`, which the document of what a client may send would not show.
    .prefault(fallback);

/** What every list takes: `limit` 0–500 (50), and `offset`. */
export const PageQuery = z.object({
  limit: whole(500, 50),
  offset: whole(1_000_000_000, 0),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** A list of tasks, which may be millions, counts no further: `total` is this many for all beyond. */
export const MOST_COUNTED = 10_000;

/** What a list of tasks takes besides: where the page before ended, which stays cheap however far the list goes. */
export const TaskPageQuery = PageQuery.extend({
  after: z.string().optional().describe("the id of a task in the list: those that follow it"),
});
export type TaskPageQuery = z.infer<typeof TaskPageQuery>;

/** One page of a list, newest first. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({
    items: z.array(item),
    total: z.int().min(0).describe("of tasks 10,000 at most: that many or more"),
    limit: z.int(),
    offset: z.int(),
  });

/** One page of a list, as a type. */
export interface Page<Item> {
  items: Item[];
  total: number;
  limit: number;
  offset: number;
}
