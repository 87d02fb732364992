import { TcpProxy } from "../proxy/tcp-proxy.ts";

export const getPort = (url: string): number => Number(new URL(url).port);

/** Returns the URL with its port replaced by the port of a proxy. */
export const toProxyUrl = (url: string, { port }: TcpProxy): string => {
  const proxied = new URL(url);
  proxied.port = String(port);
  return proxied.href.replace(/\/$/, "");
};

/** Creates a proxy that forwards to the port of a URL. */
export const createProxy = (url: string): Promise<TcpProxy> => TcpProxy.to(getPort(url));
