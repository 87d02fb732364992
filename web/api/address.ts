import { DASHBOARD_META } from "../../protocol/operation.ts";

const readMeta = (name: string) =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content.replace(/\/+$/, "") ?? "";

/** The prefix of the API's paths, which the server wrote into the page; empty at the root. */
export const API_BASE = readMeta(DASHBOARD_META.api);

/** The prefix of the dashboard's own paths. */
export const PAGE_BASE = readMeta(DASHBOARD_META.root);
