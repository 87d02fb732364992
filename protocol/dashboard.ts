/**
 * What the server writes into the dashboard's page, by the names of `<meta>` elements: where the API stands (what comes
 * before `/v1/joblib`; empty at the root), and where the dashboard itself does (with a slash at its end).
 */
export const DASHBOARD_META = { api: "joblib-api", root: "joblib-root" } as const;
