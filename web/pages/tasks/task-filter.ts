import { useSearchParams } from "react-router";
import { type TaskFilter, TaskStatus } from "../../../protocol/index.ts";

/** Which tasks are looked at; it stands in the page's address, so that a link shows the same. */
export interface Filter {
  readonly status: readonly TaskStatus[];
  readonly job: string;
  readonly by: string;
  readonly q: string;
  /** The last task of the page before. */
  readonly after: string | undefined;
}

const statusesOf = (text: string | null): TaskStatus[] =>
  TaskStatus.options.filter((status) => text?.split(",").includes(status));

const searchOf = ({ status, job, by, q, after }: Filter): Record<string, string> => ({
  ...(status.length > 0 && { status: status.join(",") }),
  ...(job !== "" && { job }),
  ...(by !== "" && { by }),
  ...(q !== "" && { q }),
  ...(after !== undefined && { after }),
});

/** The filter in the page's address, and how to change it: any change but a turn of the page begins at the first page. */
export const useFilter = (): [Filter, (change: Partial<Filter>) => void] => {
  const [search, setSearch] = useSearchParams();
  const filter: Filter = {
    status: statusesOf(search.get("status")),
    job: search.get("job") ?? "",
    by: search.get("by") ?? "",
    q: search.get("q") ?? "",
    after: search.get("after") ?? undefined,
  };
  const change = (part: Partial<Filter>) =>
    setSearch(searchOf({ ...filter, after: undefined, ...part }), { replace: !("after" in part) });
  return [filter, change];
};

/** True where it leaves something out. */
export const isFiltering = ({ status, job, by, q }: Filter): boolean =>
  status.length > 0 || job !== "" || by !== "" || q !== "";

/** The filter as a request's body says it. */
export const bodyOf = ({ status, job, by, q }: Filter): TaskFilter => ({
  ...(status.length > 0 && { status: [...status] }),
  ...(job !== "" && { job }),
  ...(by !== "" && { created_by: by }),
  ...(q !== "" && { q }),
});

/** The filter as a list's query says it. */
export const queryOf = (filter: Filter) => {
  const { status, ...rest } = bodyOf(filter);
  return {
    ...rest,
    ...(status !== undefined && { status: status.join(",") }),
    ...(filter.after !== undefined && { after: filter.after }),
  };
};
