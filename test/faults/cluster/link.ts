import { TcpProxy } from "../proxy/tcp-proxy.ts";

/** A URL's port, as it is dialled. */
export const portOf = (url: string): number => Number(new URL(url).port);

/** The same address through a proxy. */
export const through = (url: string, { port }: TcpProxy): string => {
  const proxied = new URL(url);
  proxied.port = String(port);
  return proxied.href.replace(/\/$/, "");
};

/** A proxy before the server of a URL. */
export const linkTo = (url: string): Promise<TcpProxy> => TcpProxy.to(portOf(url));
