import type { Page } from "../../protocol/page.ts";
import type { Io } from "../io.ts";
import { type Column, table } from "../table.ts";

/** Prints a page: a table, or JSON as it came; on stderr, what is left of the list. */
export const showPage = <Item>(
  io: Io,
  page: Page<Item>,
  { columns, nothing }: { columns: readonly Column<Item>[]; nothing: string },
): void => {
  if (page.items.length === 0 && !io.json) {
    io.note(page.total === 0 ? nothing : `nothing beyond ${page.offset}: there are ${page.total}`, "dim");
    return;
  }
  io.result(page, ({ items }) => table(items, columns, { width: io.width, heading: io.paint.bold }));
  const end = page.offset + page.items.length;
  if (end < page.total && !io.json) {
    io.note(`${page.offset + 1}–${end} of ${page.total}; more with --offset ${end}`, "dim");
  }
};
