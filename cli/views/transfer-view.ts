import { escapeLine } from "../io/sanitize.ts";
import { getTextWidth, truncate } from "../io/text-width.ts";
import { formatProgressBar } from "./task-view.ts";
import { formatSize } from "./units.ts";

/** A file whose content is transferred. */
export interface Transfer {
  readonly verb: "uploading" | "downloading";
  readonly name: string;
  /** The size in bytes. */
  readonly size: number;
}

const MIN_NAME_WIDTH = 8;
/** Width of the spinner before the line, and of the space after it. */
const SPINNER_WIDTH = 2;

/** Formats the progress of a transfer in one line. The name is truncated to fit into `width`. */
export function formatTransfer({ verb, name, size }: Transfer, bytes: number, width: number): string {
  const fraction = size === 0 ? 1 : bytes / size;
  const amount = `${formatProgressBar(fraction)} ${formatSize(bytes)} of ${formatSize(size)}`;
  const nameWidth = width - SPINNER_WIDTH - getTextWidth(`${verb}  ${amount}`);
  return `${verb} ${truncate(escapeLine(name), Math.max(MIN_NAME_WIDTH, nameWidth))} ${amount}`;
}
