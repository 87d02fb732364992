const segment = (text: string) => encodeURIComponent(text).replace(/%40/g, "@").replace(/%3A/g, ":");

const search = (query: Readonly<Record<string, string | undefined>>) => {
  const entries = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return entries.length === 0 ? "" : `?${new URLSearchParams(entries)}`;
};

/** The path of each page, relative to the dashboard's root. */
export const paths = {
  rooms: "/",
  room: (room: string): string => `/rooms/${segment(room)}`,
  job: (room: string, job: string, query: { task?: string; from?: string } = {}): string =>
    `/rooms/${segment(room)}/jobs/${segment(job)}${search(query)}`,
  tasks: (room: string, query: { job?: string; status?: string; by?: string; q?: string } = {}): string =>
    `/rooms/${segment(room)}/tasks${search(query)}`,
  workers: (room: string): string => `/rooms/${segment(room)}/workers`,
  health: (room: string): string => `/rooms/${segment(room)}/health`,
  task: (id: string): string => `/tasks/${segment(id)}`,
  worker: (id: string): string => `/workers/${segment(id)}`,
} as const;
