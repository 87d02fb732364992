/**
 * Names of the `<meta>` elements that the server writes into the dashboard's page. `api` contains the prefix
 * of the API, which is the part before `/v1/joblib` and empty at the root. `root` contains the path of the
 * dashboard, with a trailing slash.
 */
export const DASHBOARD_META = { api: "joblib-api", root: "joblib-root" } as const;
