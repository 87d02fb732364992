import type { ComponentType } from "react";
import { DRAWN, type DrawnSchema } from "../schema/drawn-schema.ts";
import { BooleanControl } from "./boolean-control.tsx";
import { ConstantControl, isRadio, isSearched, RadioControl, SelectControl } from "./choice-control.tsx";
import type { ControlProps } from "./control.ts";
import { DateTimeControl, toLocal } from "./date-time-control.tsx";
import { JsonControl } from "./json-control.tsx";
import { NumberControl } from "./number-control.tsx";
import { SearchControl } from "./search-control.tsx";
import { TextControl } from "./text-control.tsx";

/** How a control is called: by a label above it, by one of its own, or as a group. */
export type Frame = "label" | "own" | "group";

/** A field's control, and how it is framed. */
export interface FramedControl {
  readonly Control: ComponentType<ControlProps>;
  readonly frame: Frame;
}

const NULLABLE_BOOLEAN = { enum: [true, false, null], [DRAWN.labels]: ["yes", "no", "none"] };

/** A nullable yes-or-no has three values, which a box does not. */
export const drawnAs = (schema: DrawnSchema): DrawnSchema =>
  Array.isArray(schema.type) && schema.type.includes("boolean") ? { ...schema, ...NULLABLE_BOOLEAN } : schema;

const forChoice = (schema: DrawnSchema, isRequired: boolean): FramedControl => {
  if (schema.const !== undefined) return { Control: ConstantControl, frame: "label" };
  if (isSearched(schema)) return { Control: SearchControl, frame: "label" };
  return isRadio(schema, isRequired)
    ? { Control: RadioControl, frame: "group" }
    : { Control: SelectControl, frame: "label" };
};

const forText = (schema: DrawnSchema, value: unknown): ComponentType<ControlProps> => {
  const isMoment = schema.format === "date-time" && (typeof value !== "string" || toLocal(value) !== "");
  return isMoment ? DateTimeControl : TextControl;
};

/** The control that a schema is edited with. */
export const controlFor = (schema: DrawnSchema, value: unknown, isRequired: boolean): FramedControl => {
  if (schema.enum !== undefined) return forChoice(schema, isRequired);
  const [type] = [schema.type].flat().filter((name) => name !== "null");
  if (type === "boolean") return { Control: BooleanControl, frame: "own" };
  if (type === "number" || type === "integer") return { Control: NumberControl, frame: "label" };
  if (type === "string") {
    const isText = value === undefined || value === null || typeof value === "string";
    return { Control: isText ? forText(schema, value) : JsonControl, frame: "label" };
  }
  return { Control: JsonControl, frame: "label" };
};
