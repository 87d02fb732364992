import { isJsonObject, type JsonObject, type JsonValue } from "../../../protocol/json.ts";

const orderMember = (model: JsonValue | undefined, value: JsonValue): JsonValue => {
  if (isJsonObject(value)) return isJsonObject(model) ? orderLike(model, value) : value;
  if (!Array.isArray(value) || !Array.isArray(model)) return value;
  return value.map((item, index) => orderMember(model[index], item));
};

/**
 * Returns `value` with its members in the order of `model`. Members that `model` does not have come
 * last.
 */
export const orderLike = (model: JsonObject, value: JsonObject): JsonObject => {
  const shared = Object.keys(model).filter((name) => Object.hasOwn(value, name));
  const names = new Set([...shared, ...Object.keys(value)]);
  return Object.fromEntries([...names].map((name) => [name, orderMember(model[name], value[name] ?? null)]));
};
