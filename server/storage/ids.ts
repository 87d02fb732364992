const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/**
 * Returns true for a UUID. Other text cannot be the id of a row, and PostgreSQL fails if a
 * statement casts it to `uuid`.
 */
export const isUuid = (id: string): boolean => UUID.test(id);
