const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Returns true for a UUID. Other text matches no row, and PostgreSQL would reject it as the value of an id column. */
export const isUuid = (id: string): boolean => UUID.test(id);
