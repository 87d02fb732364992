import { keepPreviousData, QueryClient, queryOptions } from "@tanstack/react-query";
import type { OperationName, OperationRequest, Operations } from "../../protocol/index.ts";
import { call, type ResponseBody } from "./call.ts";
import { Failure } from "./failure.ts";

/** Cache of everything that the dashboard has read. The event streams keep it up to date. */
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

/** Returns the query options of a read operation. The query key consists of its name and its request. */
export const readQuery = <Name extends OperationName>(
  name: Name,
  request: OperationRequest<Operations[Name]>,
  scope?: string,
) =>
  queryOptions({
    queryKey: [scope ?? "server", name, request] as const,
    queryFn: ({ signal }): Promise<ResponseBody<Name>> => call(name, request, { signal }),
  });

/** Query options of a list: the previous page stays visible until the next one is loaded. */
export const keepPreviousPage = { placeholderData: keepPreviousData } as const;

/** The first part of the keys of all queries about a room. Updates of the room find its queries by this part. */
export const roomScope = (room: string): string => `room:${room}`;
/** The first part of the keys of all queries about a task. Updates of the task find its queries by this part. */
export const taskScope = (id: string): string => `task:${id}`;
