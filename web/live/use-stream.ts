import { useEffect, useEffectEvent } from "react";
import type { StreamEvent, StreamName } from "../../protocol/index.ts";
import { follow } from "../api/follow.ts";
import { useToken } from "../api/use-token.ts";
import { setConnection } from "./connection.ts";

/**
 * Time after which a hidden page closes its connection, in milliseconds. Over HTTP/1.1, browsers
 * allow only six connections to a server for all tabs together.
 */
const HIDDEN_MS = 20_000;

/**
 * Calls `start` when the page becomes visible. Calls the function that `start` returned after the
 * page has been hidden for `HIDDEN_MS`.
 */
const whileVisible = (start: () => () => void): (() => void) => {
  let stop: (() => void) | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") stop ??= start();
    else
      timer = setTimeout(() => {
        stop?.();
        stop = undefined;
      }, HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", update);
  update();
  return () => {
    document.removeEventListener("visibilitychange", update);
    clearTimeout(timer);
    stop?.();
  };
};

/**
 * Follows a stream of a room or a task while the component is mounted and the page is visible. Does
 * nothing without an `id`.
 */
export const useStream = <Name extends StreamName>(
  name: Name,
  id: string | undefined,
  onEvent: (event: StreamEvent<Name>) => void,
): void => {
  const token = useToken();
  const handleEvent = useEffectEvent(onEvent);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new token needs a new stream
  useEffect(() => {
    if (id === undefined) return;
    const key = Symbol(name);
    let lastEventId: string | undefined;
    const stop = whileVisible(() => {
      const abort = new AbortController();
      void follow({
        name,
        params: name === "followRoom" ? { room_id: id } : { task_id: id },
        signal: abort.signal,
        lastEventId,
        onEvent: (event) => {
          lastEventId = event.id;
          handleEvent(event);
        },
        onState: (state, failure) => setConnection(key, { state, failure }),
      });
      return () => abort.abort();
    });
    return () => {
      stop();
      setConnection(key, undefined);
    };
  }, [name, id, token]);
};
