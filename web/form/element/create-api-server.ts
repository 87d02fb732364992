import type { ApiServer } from "../../api/api-server.ts";

/** What gives the token that a server asks for: at once or later, and again when it is refused. */
export type GetToken = () => string | undefined | Promise<string | undefined>;

/** A server as an attribute names it, asked with what the page gives; the last slash is no matter. */
export const createApiServer = (server: string, getToken: GetToken): ApiServer => ({
  base: server.replace(/\/+$/, ""),
  credentials: async () => {
    const token = await getToken();
    return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  },
  refused: () => {},
});
