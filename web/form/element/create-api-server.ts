import type { ApiServer } from "../../api/api-server.ts";

/** Returns a bearer token, or undefined to send a request without one. Called for each request. */
export type GetToken = () => string | undefined | Promise<string | undefined>;

/** Returns the API of the server whose URL is in the `server` attribute. Removes trailing slashes. */
export const createApiServer = (url: string, getToken: GetToken): ApiServer => ({
  base: url.replace(/\/+$/, ""),
  credentials: async () => {
    const token = await getToken();
    return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  },
  onUnauthorized: () => {},
});
