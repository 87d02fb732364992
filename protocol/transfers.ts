import { fileTransfers } from "./files/transfers.ts";
import { readTransfers } from "./providers/read.ts";

/** All operations whose request or response body is not JSON. */
export const transfers = { ...readTransfers, ...fileTransfers } as const;

export type Transfers = typeof transfers;
export type TransferName = keyof Transfers;
