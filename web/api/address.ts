import { DASHBOARD_META } from "../../protocol/operation.ts";

const readMeta = (name: string) =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content.replace(/\/+$/, "") ?? "";

/**
 * The path prefix of the API, which the server writes into the page. It is empty if the API is at
 * the root.
 */
export const API_BASE = readMeta(DASHBOARD_META.api);

/** The path prefix of the dashboard's own pages. */
export const PAGE_BASE = readMeta(DASHBOARD_META.root);
