import { formatTransfer, type Transfer } from "../views/transfer-view.ts";
import type { Io } from "./output.ts";

/** The progress of a transfer on a terminal. Shows nothing if stderr is not a terminal. */
export interface TransferDisplay {
  /** Sets the number of bytes that were transferred. */
  readonly update: (bytes: number) => void;
  readonly close: () => void;
}

/** Shows the progress of a transfer on a line that is redrawn in place. */
export async function openTransferDisplay(io: Io, transfer: Transfer): Promise<TransferDisplay> {
  let bytes = 0;
  const display = await io.openLiveDisplay(({ width }) => formatTransfer(transfer, bytes, width));
  return {
    // The display redraws itself five times per second, which is enough for the parts of a transfer.
    update: (transferred) => {
      bytes = transferred;
    },
    close: () => display?.close(),
  };
}
