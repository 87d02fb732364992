import type { Draft } from "../../protocol/schema/drafts.ts";
import type { JsonObject } from "./schema-error.ts";
import type { InstanceLocation } from "./schema-keywords.ts";

/** A subschema with its children and the targets of its references. */
export interface SchemaNode {
  schema: JsonObject;
  parent: SchemaNode | undefined;
  path: readonly (string | number)[];
  draft: Draft;
  children: { node: SchemaNode; location: InstanceLocation }[];
  /** The targets of its reference keywords, in order. */
  targets: (SchemaNode | boolean)[];
}
