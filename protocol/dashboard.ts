/**
 * Names of the `<meta>` elements that the server writes into the dashboard's page: the prefix of the API (the part before
 * `/v1/joblib`; empty at the root) and the dashboard's own path (with a trailing slash).
 */
export const DASHBOARD_META = { api: "joblib-api", root: "joblib-root" } as const;
