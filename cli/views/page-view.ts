import { MAX_COUNTED, type Page } from "../../protocol/page.ts";
import type { Io } from "../io/output.ts";
import { type Column, formatTable } from "../io/table.ts";

export interface PageOptions<Item> {
  readonly columns: readonly Column<Item>[];
  /** Message for an empty list. */
  readonly emptyText: string;
  /**
   * The option that selects the next page, such as `--after <id>`. Undefined means `--offset`. Null
   * means that no next page is suggested.
   */
  readonly nextPage?: string | null | undefined;
}

const formatTotal = (total: number) => (total >= MAX_COUNTED ? `at least ${total}` : String(total));

/**
 * Prints a page as a table, or unchanged as JSON. Prints to stderr which option selects the next
 * page.
 */
export function showPage<Item>(
  io: Io,
  page: Page<Item>,
  { columns, emptyText, nextPage }: PageOptions<Item>,
): void {
  const { items, offset, total } = page;
  if (items.length === 0 && !io.json) {
    io.printNote(
      total === 0 ? emptyText : `no items after offset ${offset}; the list has ${formatTotal(total)}`,
      "dim",
    );
    return;
  }
  io.printResult(page, ({ items }) =>
    formatTable(items, columns, { width: io.width, heading: io.paint.bold }),
  );
  const end = offset + items.length;
  if (io.json || nextPage === null) return;
  if (nextPage !== undefined)
    io.printNote(`showing ${items.length} of ${formatTotal(total)}; next page: ${nextPage}`, "dim");
  else if (end < total)
    io.printNote(`showing ${offset + 1}–${end} of ${formatTotal(total)}; next page: --offset ${end}`, "dim");
}
