const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** True for what an id column can hold; anything else is an id of nothing, and must not reach the database. */
export const isUuid = (id: string): boolean => UUID.test(id);
