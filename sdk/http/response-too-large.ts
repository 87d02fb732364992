import { ProtocolError } from "../errors.ts";
import { MAX_RESPONSE_BYTES } from "./options.ts";
import { getSystemCode } from "./retry.ts";

/** Creates the error for a response body that exceeds the limit. */
export const createTooLargeError = (url: string, status: number, cause?: unknown) =>
  new ProtocolError(`${url} sent more than ${MAX_RESPONSE_BYTES} bytes`, status, { cause });

/** Returns true if undici has closed the connection because the response exceeded `maxResponseSize`. */
export const isTooLargeError = (error: unknown): boolean =>
  getSystemCode(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
