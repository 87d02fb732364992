import { useSearchParams } from "react-router";
import { type TaskFilter, TaskStatus } from "../../../protocol/index.ts";

/** The filter of the task list. It is stored in the page's URL, so that a link shows the same tasks. */
export interface Filter {
  readonly status: readonly TaskStatus[];
  readonly job: string;
  readonly by: string;
  readonly q: string;
  /** The last task of the previous page. */
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
 * Returns the filter in the page's URL, and a function that changes it. A change also returns to the first
 * page, unless it selects another page.
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

/** Returns true if the filter excludes any tasks. */
export const isFiltering = ({ status, job, by, q }: Filter): boolean =>
  status.length > 0 || job !== "" || by !== "" || q !== "";

/** Converts the filter to the filter in a request body. */
export const toFilterBody = ({ status, job, by, q }: Filter): TaskFilter => ({
  ...(status.length > 0 && { status: [...status] }),
  ...(job !== "" && { job }),
  ...(by !== "" && { created_by: by }),
  ...(q !== "" && { q }),
});

/** Converts the filter to the query of a list. */
export const toFilterQuery = (filter: Filter) => {
  const { status, ...rest } = toFilterBody(filter);
  return {
    ...rest,
    ...(status !== undefined && { status: status.join(",") }),
    ...(filter.after !== undefined && { after: filter.after }),
  };
};
