import {
  FILE_KEYWORD,
  type FieldError,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  matchesMediaType,
  parseFileReference,
  type StoredFile,
} from "../../../protocol/index.ts";
import { FileRule, resolveRootReference } from "../../schemas/file-keyword.ts";

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

/** Decides whether a caller may use a file for the role. Returns the reason why not. */
export type CheckUse = (file: StoredFile) => Promise<string | undefined>;

/** Returns the errors of references. `files` contains the existing files by id. */
export async function findReferenceErrors(
  references: readonly FileReference[],
  files: ReadonlyMap<string, StoredFile>,
  checkUse: CheckUse,
): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  for (const { pointer, value, rule } of references) {
    const file = files.get(parseFileReference(value) ?? "");
    const detail = file === undefined ? "no file has this reference" : await findError(file, rule, checkUse);
    if (detail !== undefined) errors.push({ pointer, detail });
  }
  return errors;
}

async function findError(file: StoredFile, rule: FileRule, checkUse: CheckUse): Promise<string | undefined> {
  const { media_types: types, max_size: maxSize } = rule;
  // The permission comes first, so that other errors reveal nothing about files of others.
  const denied = await checkUse(file);
  if (denied !== undefined) return denied;
  if (!file.is_complete) return "the upload of the file is not complete";
  if (types !== undefined && !types.some((type) => matchesMediaType(file.media_type, type)))
    return `the media type ${file.media_type} is not allowed: ${types.join(", ")}`;
  if (maxSize !== undefined && file.size > maxSize)
    return `the file has ${file.size} bytes, and at most ${maxSize} are allowed`;
  return undefined;
}
