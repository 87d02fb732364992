import { API_BASE } from "./address.ts";
import type { Home } from "./home.ts";
import { credentials, tokens } from "./token.ts";

/** The server that the dashboard came from, asked with this tab's token. */
export const dashboardHome: Home = {
  base: API_BASE,
  credentials,
  refused: ({ authorization }) => tokens.refused(authorization?.replace(/^Bearer /, "")),
};
