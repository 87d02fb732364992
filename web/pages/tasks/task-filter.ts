import { useSearchParams } from "react-router";
import { type TaskFilter, TaskStatus } from "../../../protocol/index.ts";

/**
 * The filter of the task list. The page's URL contains it, so that a link to the page shows the
 * same tasks.
 */
export interface Filter {
  readonly status: readonly TaskStatus[];
  readonly job: string;
  readonly by: string;
  readonly q: string;
  /** The id of the last task on the previous page. */
  readonly after: string | undefined;
}

const parseStatuses = (text: string | null): TaskStatus[] =>
  TaskStatus.options.filter((status) => text?.split(",").includes(status));

const formatSearch = ({ status, job, by, q, after }: Filter): Record<string, string> => ({
  ...(status.length > 0 && { status: status.join(",") }),
  ...(job !== "" && { job }),
  ...(by !== "" && { by }),
  ...(q !== "" && { q }),
  ...(after !== undefined && { after }),
});

/**
 * Returns the filter in the page's URL, and a function that changes the filter. Any change except
 * that of the page returns to the first page.
 */
export const useFilter = (): [Filter, (change: Partial<Filter>) => void] => {
  const [search, setSearch] = useSearchParams();
  const filter: Filter = {
    status: parseStatuses(search.get("status")),
    job: search.get("job") ?? "",
    by: search.get("by") ?? "",
    q: search.get("q") ?? "",
    after: search.get("after") ?? undefined,
  };
  const change = (part: Partial<Filter>) =>
    setSearch(formatSearch({ ...filter, after: undefined, ...part }), { replace: !("after" in part) });
  return [filter, change];
};

export const isFiltering = ({ status, job, by, q }: Filter): boolean =>
  status.length > 0 || job !== "" || by !== "" || q !== "";

/** Converts the filter to the `filter` member of a request body. */
export const toFilterBody = ({ status, job, by, q }: Filter): TaskFilter => ({
  ...(status.length > 0 && { status: [...status] }),
  ...(job !== "" && { job }),
  ...(by !== "" && { created_by: by }),
  ...(q !== "" && { q }),
});

/** Converts the filter to query parameters of the operation that lists tasks. */
export const toFilterQuery = (filter: Filter) => {
  const { status, ...rest } = toFilterBody(filter);
  return {
    ...rest,
    ...(status !== undefined && { status: status.join(",") }),
    ...(filter.after !== undefined && { after: filter.after }),
  };
};
