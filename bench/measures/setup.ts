import { type ProductServer, serve } from "../services/product.ts";
import type { Place } from "../subjects/subject.ts";
import type { SubjectName } from "../subjects/subjects.ts";
import type { Bench } from "./measure.ts";

/** A new database, an empty Redis, and for the product a server: what one measurement begins with. */
export interface Ground extends AsyncDisposable {
  readonly place: Place;
  /** The product's servers. */
  readonly servers: readonly ProductServer[];
}

/** How the product is set up, where it is not one server without Redis on an empty database. */
export interface GroundOptions {
  readonly servers?: number;
  readonly withRedis?: boolean;
  readonly copyOf?: string;
}

/** Makes the ground for a subject. */
export const groundFor = async (
  { services }: Bench,
  subject: SubjectName,
  { servers: wanted = 1, withRedis = false, copyOf }: GroundOptions = {},
): Promise<Ground> => {
  await using made = new AsyncDisposableStack();
  const database = made.use(await services.database(copyOf));
  const redisUrl = await services.emptyRedis();
  const servers: ProductServer[] = [];
  while (subject === "joblib" && servers.length < wanted) {
    const where = { databaseUrl: database.url, ...(withRedis && { redisUrl }) };
    servers.push(made.use(await serve(where)));
  }
  const [{ url, token } = { url: "", token: "" }] = servers;
  const kept = made.move();
  return {
    place: { databaseUrl: database.url, redisUrl, url, token },
    servers,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
};
