import { useSyncExternalStore } from "react";
import { tokens } from "./token.ts";

export const useToken = (): string | undefined =>
  useSyncExternalStore(tokens.subscribe, () => tokens.current);

/** Returns true while the server requires a token, or rejects the current token. */
export const useIsTokenRequired = (): boolean =>
  useSyncExternalStore(tokens.subscribe, () => tokens.isRequired);
