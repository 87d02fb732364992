import { useEffect, useEffectEvent } from "react";
import type { StreamEvent, StreamName } from "../../protocol/index.ts";
import { follow } from "../api/follow.ts";
import { useToken } from "../api/use-token.ts";
import { tellConnection } from "./connection.ts";

/** A page that nobody looks at gives its connection back: browsers have six for a server, and all tabs share them. */
const HIDDEN_MS = 20_000;

/** True while the page is looked at, or was a moment ago. */
const whileVisible = (start: () => () => void): (() => void) => {
  let stop: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") stop ??= start();
    else
      timer = setTimeout(() => {
        stop?.();
        stop = undefined;
      }, HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", look);
  look();
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(timer);
    stop?.();
  };
};

/** Follows a stream for as long as the component is there and looked at; without an `about` it waits. */
export const useStream = <Name extends StreamName>(
  name: Name,
  about: string | undefined,
  onEvent: (event: StreamEvent<Name>) => void,
): void => {
  const token = useToken();
  const tell = useEffectEvent(onEvent);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another token is another stream
  useEffect(() => {
    if (about === undefined) return;
    const key = Symbol(name);
    let lastEventId: string | undefined;
    const stop = whileVisible(() => {
      const abort = new AbortController();
      void follow({
        name,
        params: name === "followRoom" ? { room_id: about } : { task_id: about },
        signal: abort.signal,
        lastEventId,
        onEvent: (event) => {
          lastEventId = event.id;
          tell(event);
        },
        onState: (state, failure) => tellConnection(key, { state, failure }),
      });
      return () => abort.abort();
    });
    return () => {
      stop();
      tellConnection(key, undefined);
    };
  }, [name, about, token]);
};
