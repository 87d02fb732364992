import { DASHBOARD_META } from "../../protocol/dashboard.ts";

const written = (name: string) =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content.replace(/\/+$/, "") ?? "";

/** What comes before the API's paths: the prefix that the server wrote into the page, or nothing. */
export const API_BASE = written(DASHBOARD_META.api);

/** What comes before the dashboard's own paths. */
export const PAGE_BASE = written(DASHBOARD_META.root);
