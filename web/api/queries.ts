import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import type { OperationName, OperationRequest, Operations } from "../../protocol/index.ts";
import { call, type ResponseBody } from "./call.ts";
import { Failure } from "./failure.ts";

/**
 * The cache of everything that the dashboard has read. Events from the server's streams keep the
 * cache up to date.
 */
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

/**
 * Returns the query options of a read operation. The query key consists of `scope`, the operation's
 * name and its request.
 */
export const readQuery = <Name extends OperationName>(
  name: Name,
  request: OperationRequest<Operations[Name]>,
  scope?: string,
) =>
  queryOptions({
    queryKey: [scope ?? "server", name, request] as const,
    queryFn: ({ signal }): Promise<ResponseBody<Name>> => call(name, request, { signal }),
  });

/** Query options for a list. The previous page stays visible until the next page is loaded. */
export const keepPreviousPage = { placeholderData: keepPreviousData } as const;

/**
 * Returns the first part of the keys of all queries about a room. The event stream of the room
 * finds the queries to update by this part.
 */
export const roomScope = (room: string): string => `room:${room}`;
/**
 * Returns the first part of the keys of all queries about a task. The event stream of the task
 * finds the queries to update by this part.
 */
export const taskScope = (id: string): string => `task:${id}`;
