import type { ComponentType } from "react";
import { FileControl } from "../files/file-control.tsx";
import { isFileSchema } from "../files/file-rule.ts";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { BooleanControl } from "./boolean-control.tsx";
import { ConstantControl, isRadio, isSearchable, RadioControl, SelectControl } from "./choice-control.tsx";
import type { ControlProps } from "./control.ts";
import { DateTimeControl, toLocalTime } from "./date-time-control.tsx";
import { JsonControl } from "./json-control.tsx";
import { NumberControl } from "./number-control.tsx";
import { SearchControl } from "./search-control.tsx";
import { TextControl } from "./text-control.tsx";

/** The position of a control's label: above the control, inside it, or as the legend of a group. */
export type LabelPlacement = "above" | "inside" | "group";

/** The control of a field and the placement of its label. */
export interface LabeledControl {
  readonly Control: ComponentType<ControlProps>;
  readonly labelPlacement: LabelPlacement;
}

const NULLABLE_BOOLEAN = { enum: [true, false, null], [FORM_KEYWORDS.labels]: ["yes", "no", "none"] };

/**
 * Converts a nullable boolean to a choice of three values, because a checkbox can represent only
 * two.
 */
export const expandNullableBoolean = (schema: FormSchema): FormSchema =>
  Array.isArray(schema.type) && schema.type.includes("boolean") ? { ...schema, ...NULLABLE_BOOLEAN } : schema;

const findChoiceControl = (schema: FormSchema, isRequired: boolean): LabeledControl => {
  if (schema.const !== undefined) return { Control: ConstantControl, labelPlacement: "above" };
  if (isSearchable(schema)) return { Control: SearchControl, labelPlacement: "above" };
  return isRadio(schema, isRequired)
    ? { Control: RadioControl, labelPlacement: "group" }
    : { Control: SelectControl, labelPlacement: "above" };
};

const findTextControl = (schema: FormSchema, value: unknown): ComponentType<ControlProps> => {
  if (isFileSchema(schema)) return FileControl;
  const isDateTime =
    schema.format === "date-time" && (typeof value !== "string" || toLocalTime(value) !== "");
  return isDateTime ? DateTimeControl : TextControl;
};

/** Returns the control that can edit a value of a schema. */
export const findControl = (schema: FormSchema, value: unknown, isRequired: boolean): LabeledControl => {
  if (schema.enum !== undefined) return findChoiceControl(schema, isRequired);
  const [type] = [schema.type].flat().filter((name) => name !== "null");
  if (type === "boolean") return { Control: BooleanControl, labelPlacement: "inside" };
  if (type === "number" || type === "integer") return { Control: NumberControl, labelPlacement: "above" };
  if (type === "string") {
    const isText = value === undefined || value === null || typeof value === "string";
    return { Control: isText ? findTextControl(schema, value) : JsonControl, labelPlacement: "above" };
  }
  return { Control: JsonControl, labelPlacement: "above" };
};
