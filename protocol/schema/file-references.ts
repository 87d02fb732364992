import * as z from "zod";
import { isJsonObject, type JsonObject, type JsonValue } from "../json.ts";
import { FILE_KEYWORD, matchesMediaType, type StoredFile } from "../tasks/file.ts";

const MEDIA_TYPE_RANGE = /^[\w!#$&^.+-]+\/(?:\*|[\w!#$&^.+-]+)$/;

/** The limits of a file in a schema. Unknown members are refused, because they may be misspelled. */
export const FileRule = z.strictObject({
  media_types: z
    .array(
      z.string().regex(MEDIA_TYPE_RANGE, {
        error: "must be a media type without parameters, or a range such as `image/*`",
      }),
    )
    .min(1)
    .optional(),
  max_size: z.int().positive().optional(),
});
export type FileRule = z.infer<typeof FileRule>;

/** A reference to a file in a payload or a result, with the rule of its schema. */
export interface FileReference {
  readonly pointer: string;
  readonly value: string;
  readonly rule: FileRule;
}

/** Whether each schema contains the keyword. Other schemas cost only this lookup. */
const HAS_FILES = new WeakMap<JsonObject, boolean>();

function hasFiles(schema: JsonObject): boolean {
  const known = HAS_FILES.get(schema);
  if (known !== undefined) return known;
  const found = JSON.stringify(schema).includes(`"${FILE_KEYWORD}":`);
  HAS_FILES.set(schema, found);
  return found;
}

/** Returns the references to files in a value that matches the schema. */
export function collectFileReferences(schema: JsonObject, value: JsonValue): readonly FileReference[] {
  if (!hasFiles(schema)) return [];
  const references = new Map<string, FileReference>();
  visit({ root: schema, references, followed: new Set() }, schema, value, "");
  return [...references.values()];
}

interface Visit {
  readonly root: JsonObject;
  readonly references: Map<string, FileReference>;
  /** The references (`$ref`) that were followed at each pointer. They may be circular. */
  readonly followed: Set<string>;
}

function visit(state: Visit, schema: unknown, value: JsonValue, pointer: string): void {
  if (!isJsonObject(schema)) return;
  const rule = schema[FILE_KEYWORD];
  if (rule !== undefined && typeof value === "string") {
    const parsed = FileRule.safeParse(rule);
    state.references.set(pointer, { pointer, value, rule: parsed.success ? parsed.data : {} });
  }
  visitReference(state, schema, value, pointer);
  for (const name of ["allOf", "anyOf", "oneOf"]) {
    for (const branch of toArray(schema[name])) visit(state, branch, value, pointer);
  }
  for (const name of ["if", "then", "else"]) visit(state, schema[name], value, pointer);
  if (Array.isArray(value)) visitItems(state, schema, value, pointer);
  else if (isJsonObject(value)) visitMembers(state, schema, value, pointer);
}

function visitReference(state: Visit, schema: JsonObject, value: JsonValue, pointer: string): void {
  const { $ref } = schema;
  if (typeof $ref !== "string") return;
  const key = `${$ref} ${pointer}`;
  if (state.followed.has(key)) return;
  state.followed.add(key);
  visit(state, resolveRootReference(state.root, $ref), value, pointer);
}

function visitItems(state: Visit, schema: JsonObject, value: readonly JsonValue[], pointer: string): void {
  const { items, additionalItems } = schema;
  const prefix = Array.isArray(items) ? items : toArray(schema["prefixItems"]);
  const rest = Array.isArray(items) ? additionalItems : items;
  value.forEach((item, index) => {
    visit(state, index < prefix.length ? prefix[index] : rest, item, `${pointer}/${index}`);
  });
}

function visitMembers(state: Visit, schema: JsonObject, value: JsonObject, pointer: string): void {
  const { properties, patternProperties, additionalProperties } = schema;
  const patterns = isJsonObject(patternProperties) ? Object.entries(patternProperties) : [];
  for (const [name, member] of Object.entries(value)) {
    const path = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    const isDeclared = isJsonObject(properties) && Object.hasOwn(properties, name);
    if (isDeclared) visit(state, properties[name], member, path);
    // Patterns are not evaluated, because they are untrusted: a member of any pattern may be a file.
    for (const [, subschema] of patterns) visit(state, subschema, member, path);
    if (!isDeclared) visit(state, additionalProperties, member, path);
  }
}

function toArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Resolves a `$ref` that is a JSON Pointer from the root of the schema. */
export function resolveRootReference(root: object, reference: string): unknown {
  if (reference !== "#" && !reference.startsWith("#/")) return undefined;
  let target: unknown = root;
  for (const token of reference.split("/").slice(1)) {
    const name = decode(token).replaceAll("~1", "/").replaceAll("~0", "~");
    target = isJsonObject(target) && Object.hasOwn(target, name) ? target[name] : undefined;
  }
  return target;
}

function decode(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

/** Returns why a rule does not allow a file, or undefined if it does. */
export function findRuleError(
  file: StoredFile,
  { media_types: types, max_size: maxSize }: FileRule,
): string | undefined {
  if (!file.is_complete) return "the upload of the file is not complete";
  if (types !== undefined && !types.some((type) => matchesMediaType(file.media_type, type)))
    return `the media type ${file.media_type} is not allowed: ${types.join(", ")}`;
  if (maxSize !== undefined && file.size > maxSize)
    return `the file has ${file.size} bytes, and at most ${maxSize} are allowed`;
  return undefined;
}
