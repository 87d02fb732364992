import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import type { OperationName, OperationRequest, Operations } from "../../protocol/index.ts";
import { type Answer, call } from "./call.ts";
import { Failure } from "./failure.ts";

/** What is known of the server: read once, then kept right by the streams. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => error instanceof Failure && error.isTransient && count < 4,
      retryDelay: (count) => Math.min(500 * 2 ** count, 8000),
      refetchOnWindowFocus: true,
    },
  },
});

/** A reading operation as a query; its key is its name and what it is asked. */
export const reading = <Name extends OperationName>(
  name: Name,
  request: OperationRequest<Operations[Name]>,
  scope?: string,
) =>
  queryOptions({
    queryKey: [scope ?? "server", name, request] as const,
    queryFn: ({ signal }): Promise<Answer<Name>> => call(name, request, { signal }),
  });

/** For lists: what was there stays until the next page is. */
export const staying = { placeholderData: keepPreviousData } as const;

/** What all queries about a room begin with. */
export const roomScope = (room: string): string => `room:${room}`;
/** What all queries about a task begin with. */
export const taskScope = (id: string): string => `task:${id}`;
