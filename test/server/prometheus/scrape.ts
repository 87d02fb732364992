import type { FastifyInstance } from "fastify";

/** What `/metrics` of an app says, by name and labels as they are printed. */
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

/** One of its values; 0 where it is not shown. */
export const getMetric = async (app: FastifyInstance, name: string): Promise<number> =>
  (await scrape(app)).get(name) ?? 0;

/** Requests of the local admin. */
export const createSender =
  (app: FastifyInstance) =>
  async <Answer>(
    method: "GET" | "POST" | "PUT" | "PATCH",
    url: string,
    { body, prefer }: { readonly body?: object; readonly prefer?: string } = {},
  ): Promise<Answer> => {
    const headers = { host: "localhost", ...(prefer !== undefined && { prefer }) };
    const answer = await app.inject({
      ...{ method, url: `/v1/joblib${url}`, headers },
      ...(body !== undefined && { payload: body }),
    });
    if (answer.statusCode >= 400) throw new Error(`${answer.statusCode} ${answer.body}`);
    return answer.json<Answer>();
  };
