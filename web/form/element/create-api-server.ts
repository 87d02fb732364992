import type { ApiServer } from "../../api/api-server.ts";

/** Returns a bearer token, or undefined for a request without one. It is called for each request. */
export type GetToken = () => string | undefined | Promise<string | undefined>;

/** Returns the API of a server whose URL is in the `server` attribute. Trailing slashes are removed. */
export const createApiServer = (url: string, getToken: GetToken): ApiServer => ({
  base: url.replace(/\/+$/, ""),
  credentials: async () => {
    const token = await getToken();
    return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  },
  onUnauthorized: () => {},
});
