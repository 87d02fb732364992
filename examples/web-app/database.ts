import { MikroORM as EmbeddedOrm } from "@mikro-orm/pglite";
import { MikroORM as PostgresOrm } from "@mikro-orm/postgresql";
import { entities, migrate } from "joblib/server";
import { Member, User } from "./entities.ts";

/** The app's database, with joblib's tables in it. */
export type Database = PostgresOrm | EmbeddedOrm;

const options = {
  entities: [User, Member, ...entities],
  // The schema generator keeps to the app's own tables: joblib's are the business of `migrate`.
  schemaGenerator: { ignoreSchema: ["joblib"], skipTables: [/^joblib\./] },
};

/** Opens the PostgreSQL at a URL, or one in memory where there is none, and brings it up to date. */
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
