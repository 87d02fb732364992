import { API_BASE } from "./address.ts";
import type { ApiServer } from "./api-server.ts";
import { credentials, tokens } from "./token.ts";

/** The API of the server that serves the dashboard, called with this tab's token. */
export const dashboardServer: ApiServer = {
  base: API_BASE,
  credentials,
  refused: ({ authorization }) => tokens.refused(authorization?.replace(/^Bearer /, "")),
};
