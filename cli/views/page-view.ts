import { MAX_COUNTED, type Page } from "../../protocol/page.ts";
import type { Io } from "../io.ts";
import { type Column, formatTable } from "../table.ts";

/** How a page is shown. */
export interface PageView<Item> {
  readonly columns: readonly Column<Item>[];
  /** What is said of an empty list. */
  readonly nothing: string;
  /** How to come by the next page, where not by an offset; null where there is none. */
  readonly more?: string | null | undefined;
}

const countOf = (total: number) => (total >= MAX_COUNTED ? `${total} or more` : String(total));

/** Prints a page: a table, or JSON as it came; on stderr, what is left of the list. */
export const showPage = <Item>(
  io: Io,
  page: Page<Item>,
  { columns, nothing, more }: PageView<Item>,
): void => {
  const { items, offset, total } = page;
  if (items.length === 0 && !io.json) {
    io.note(total === 0 ? nothing : `nothing beyond ${offset}: there are ${countOf(total)}`, "dim");
    return;
  }
  io.result(page, ({ items }) => formatTable(items, columns, { width: io.width, heading: io.paint.bold }));
  const end = offset + items.length;
  if (io.json || more === null) return;
  if (more !== undefined) io.note(`${items.length} of ${countOf(total)}; more with ${more}`, "dim");
  else if (end < total)
    io.note(`${offset + 1}–${end} of ${countOf(total)}; more with --offset ${end}`, "dim");
};
