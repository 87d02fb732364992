import * as z from "zod";

/** What every list takes: `limit` 0–500 (50), and `offset`. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(0).max(500).default(50),
  offset: z.coerce.number().int().min(0).max(1_000_000_000).default(0),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** One page of a list, newest first. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), total: z.int().min(0), limit: z.int(), offset: z.int() });

/** One page of a list, as a type. */
export interface Page<Item> {
  items: Item[];
  total: number;
  limit: number;
  offset: number;
}
