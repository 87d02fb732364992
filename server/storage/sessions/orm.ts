import type { AbstractSqlDriver, InferKyselyDB, SqlEntityManager } from "@mikro-orm/postgresql";
import type { Kysely } from "kysely";
import type { entities } from "../entities.ts";

export type Tables = InferKyselyDB<(typeof entities)[number]>;

export type Sql = Kysely<Tables>;

/**
 * A MikroORM on PostgreSQL or PGlite with joblib's entities: that of the host application, or the
 * result of `openDatabase`.
 */
export interface Orm {
  readonly em: SqlEntityManager<AbstractSqlDriver>;
  readonly driver: AbstractSqlDriver;
  /** @internal True for the embedded database, whose only session already has joblib's settings. */
  readonly hasSessionSettings?: boolean;
}
