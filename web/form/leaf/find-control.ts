import type { ComponentType } from "react";
import { FORM_KEYWORDS, type FormSchema } from "../schema/form-schema.ts";
import { BooleanControl } from "./boolean-control.tsx";
import { ConstantControl, isRadio, isSearchable, RadioControl, SelectControl } from "./choice-control.tsx";
import type { ControlProps } from "./control.ts";
import { DateTimeControl, toLocalTime } from "./date-time-control.tsx";
import { JsonControl } from "./json-control.tsx";
import { NumberControl } from "./number-control.tsx";
import { SearchControl } from "./search-control.tsx";
import { TextControl } from "./text-control.tsx";

/** How a control is called: by a label above it, by one of its own, or as a group. */
export type LabelPlacement = "label" | "own" | "group";

/** A field's control, and how it is framed. */
export interface LabeledControl {
  readonly Control: ComponentType<ControlProps>;
  readonly frame: LabelPlacement;
}

const NULLABLE_BOOLEAN = { enum: [true, false, null], [FORM_KEYWORDS.labels]: ["yes", "no", "none"] };

/** A nullable yes-or-no has three values, which a box does not. */
export const expandNullableBoolean = (schema: FormSchema): FormSchema =>
  Array.isArray(schema.type) && schema.type.includes("boolean") ? { ...schema, ...NULLABLE_BOOLEAN } : schema;

const findChoiceControl = (schema: FormSchema, isRequired: boolean): LabeledControl => {
  if (schema.const !== undefined) return { Control: ConstantControl, frame: "label" };
  if (isSearchable(schema)) return { Control: SearchControl, frame: "label" };
  return isRadio(schema, isRequired)
    ? { Control: RadioControl, frame: "group" }
    : { Control: SelectControl, frame: "label" };
};

const findTextControl = (schema: FormSchema, value: unknown): ComponentType<ControlProps> => {
  const isMoment = schema.format === "date-time" && (typeof value !== "string" || toLocalTime(value) !== "");
  return isMoment ? DateTimeControl : TextControl;
};

/** The control that a schema is edited with. */
export const findControl = (schema: FormSchema, value: unknown, isRequired: boolean): LabeledControl => {
  if (schema.enum !== undefined) return findChoiceControl(schema, isRequired);
  const [type] = [schema.type].flat().filter((name) => name !== "null");
  if (type === "boolean") return { Control: BooleanControl, frame: "own" };
  if (type === "number" || type === "integer") return { Control: NumberControl, frame: "label" };
  if (type === "string") {
    const isText = value === undefined || value === null || typeof value === "string";
    return { Control: isText ? findTextControl(schema, value) : JsonControl, frame: "label" };
  }
  return { Control: JsonControl, frame: "label" };
};
