import { API_BASE } from "./address.ts";
import type { Home } from "./home.ts";
import { credentials, tokens } from "./token.ts";

/** The API of the server that serves the dashboard, called with this tab's token. */
export const dashboardHome: Home = {
  base: API_BASE,
  credentials,
  refused: ({ authorization }) => tokens.refused(authorization?.replace(/^Bearer /, "")),
};
