import { ProtocolError } from "./errors.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { getSystemCode } from "./retry.ts";

/** The error of an answer without end. */
export const createTooLargeError = (url: string, status: number, cause?: unknown) =>
  new ProtocolError(`${url} answered more than ${MAX_RESPONSE_BYTES} bytes`, status, { cause });

/** True where undici has closed a connection because too much came of it. */
export const isTooLargeError = (error: unknown): boolean =>
  getSystemCode(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
