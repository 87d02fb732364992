import { useSyncExternalStore } from "react";
import { tokens } from "./token.ts";

/** The token of this tab. */
export const useToken = (): string | undefined =>
  useSyncExternalStore(tokens.subscribe, () => tokens.current);

/** True while the server wants a token, or another one. */
export const useIsTokenAsked = (): boolean => useSyncExternalStore(tokens.subscribe, () => tokens.isAsked);
