import { ProtocolError } from "./errors.ts";
import { MAX_ANSWER_BYTES } from "./options.ts";
import { systemCodeOf } from "./retry.ts";

/** The error of an answer without end. */
export const tooLarge = (url: string, status: number, cause?: unknown) =>
  new ProtocolError(`${url} answered more than ${MAX_ANSWER_BYTES} bytes`, status, { cause });

/** True where undici has closed a connection because too much came of it. */
export const isTooLarge = (error: unknown): boolean =>
  systemCodeOf(error) === "UND_ERR_RES_EXCEEDED_MAX_SIZE";
