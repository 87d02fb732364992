export { createToken, type TokenClaims } from "./auth/create-token.ts";
export type { Credentials, HostAuth, RoomAccess } from "./auth/host-auth.ts";
export { type JoblibOptions, joblib } from "./plugin.ts";
export {
  parseSettings,
  redactSettings,
  Settings,
  SettingsError,
  type SettingsInput,
} from "./settings/settings.ts";
export { createServer, type ServerOptions } from "./standalone.ts";
export { openDatabase } from "./storage/database/database.ts";
export { type PostgresOptions, postgresOptions } from "./storage/database/postgres-options.ts";
export { type DatabaseFinding, UnfitDatabase } from "./storage/database/unfit-database.ts";
export { entities } from "./storage/entities.ts";
export { migrate, pendingMigrations } from "./storage/migrations/migrate.ts";
export { migrations } from "./storage/migrations/migrations.ts";
export type { Orm } from "./storage/sessions/orm.ts";
