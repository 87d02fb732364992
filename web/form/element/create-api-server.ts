import type { ApiServer } from "../../api/api-server.ts";

/**
 * A function that returns a bearer token, or undefined to send a request without a token. It is
 * called for each request.
 */
export type GetToken = () => string | undefined | Promise<string | undefined>;

/**
 * Returns the API of the server at the URL in the `server` attribute. Removes trailing slashes of
 * the URL.
 */
export const createApiServer = (url: string, getToken: GetToken): ApiServer => ({
  base: url.replace(/\/+$/, ""),
  credentials: async () => {
    const token = await getToken();
    return token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` };
  },
  onUnauthorized: () => {},
});
