import { TcpProxy } from "../proxy/tcp-proxy.ts";

/** Returns the port of a URL. */
export const getPort = (url: string): number => Number(new URL(url).port);

/** Returns a URL with the port of a proxy. */
export const toProxyUrl = (url: string, { port }: TcpProxy): string => {
  const proxied = new URL(url);
  proxied.port = String(port);
  return proxied.href.replace(/\/$/, "");
};

/** Creates a proxy in front of the server of a URL. */
export const createProxy = (url: string): Promise<TcpProxy> => TcpProxy.to(getPort(url));
