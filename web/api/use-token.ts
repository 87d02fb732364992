import { useSyncExternalStore } from "react";
import { tokens } from "./token.ts";

/** Returns the token of this tab. */
export const useToken = (): string | undefined =>
  useSyncExternalStore(tokens.subscribe, () => tokens.current);

/** Returns true while the server requires a token, or a different one. */
export const useIsTokenRequired = (): boolean =>
  useSyncExternalStore(tokens.subscribe, () => tokens.isRequired);
