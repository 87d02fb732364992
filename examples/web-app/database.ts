import { MikroORM as EmbeddedOrm } from "@mikro-orm/pglite";
import { MikroORM as PostgresOrm } from "@mikro-orm/postgresql";
import { entities, migrate } from "joblib/server";
import { Member, User } from "./entities.ts";

/** The application's database, which also contains joblib's tables. */
export type Database = PostgresOrm | EmbeddedOrm;

const options = {
  entities: [User, Member, ...entities],
  // The schema generator updates only the application's tables. `migrate` updates joblib's tables.
  schemaGenerator: { ignoreSchema: ["joblib"], skipTables: [/^joblib\./] },
};

/**
 * Opens the PostgreSQL database at a URL, or an in-memory database if the URL is undefined. Then
 * updates the schema.
 */
export const openDatabase = async (url: string | undefined): Promise<Database> => {
  const orm =
    url === undefined
      ? await EmbeddedOrm.init({ ...options, dbName: "memory://" })
      : await PostgresOrm.init({ ...options, clientUrl: url });
  try {
    await orm.schema.update();
    await migrate(orm);
    return orm;
  } catch (error) {
    await orm.close();
    throw error;
  }
};
