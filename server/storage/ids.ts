const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;

/** Returns true for a UUID. Other text matches no row, and PostgreSQL would reject it as the value of an id column. */
export const isUuid = (id: string): boolean => UUID.test(id);
