import type { FastifyInstance } from "fastify";

/** Returns the values of `/metrics` by metric name and labels, as they are printed. */
export const scrape = async (app: FastifyInstance): Promise<ReadonlyMap<string, number>> => {
  const { body } = await app.inject({ url: "/metrics", headers: { host: "localhost" } });
  const lines = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(" ");
      return [line.slice(0, end), Number(line.slice(end))];
    }),
  );
};

/** Returns one value of `/metrics`, or 0 if the value is missing. */
export const getMetric = async (app: FastifyInstance, name: string): Promise<number> =>
  (await scrape(app)).get(name) ?? 0;

/**
 * Returns a function that sends requests as the local admin. The function throws if the response is
 * an error.
 */
export const createSender =
  (app: FastifyInstance) =>
  async <Body>(
    method: "GET" | "POST" | "PUT" | "PATCH",
    url: string,
    { body, prefer }: { readonly body?: object; readonly prefer?: string } = {},
  ): Promise<Body> => {
    const headers = { host: "localhost", ...(prefer !== undefined && { prefer }) };
    const response = await app.inject({
      ...{ method, url: `/v1/joblib${url}`, headers },
      ...(body !== undefined && { payload: body }),
    });
    if (response.statusCode >= 400) throw new Error(`${response.statusCode} ${response.body}`);
    return response.json<Body>();
  };
