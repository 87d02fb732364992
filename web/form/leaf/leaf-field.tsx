import type { FieldProps } from "@rjsf/utils";
import { type FocusEvent, type FormEvent, memo, useState } from "react";
import { getErrorsAt, useFormErrors } from "../form-errors.ts";
import { getExtensionAttributes, getLabel } from "../label.ts";
import { toPointer } from "../pointer.ts";
import { useIsDiscriminator, useIsEntry, useIsSelectedOption } from "../templates/field-context.ts";
import { getLabelClass } from "../templates/group-header.tsx";
import type { ControlProps, ValidatedElement } from "./control.ts";
import { expandNullableBoolean, findControl } from "./find-control.ts";

/** A field with one value: its label, its control, what it is for, and what is wrong with it. */
const Leaf = ({
  schema: given,
  fieldPathId,
  formData,
  required,
  disabled,
  readonly,
  registry,
  onChange,
}: FieldProps) => {
  const schema = expandNullableBoolean(given);
  const pointer = toPointer(fieldPathId.path);
  const id = registry.globalFormOptions.idPrefix + encodeURIComponent(pointer);
  const { faults, showsAll, edited } = useFormErrors();
  const [isTouched, setTouched] = useState(false);
  const [wasEdited, setEdited] = useState(false);
  const [complaint, setComplaint] = useState("");
  const isRequired = required === true;
  const { Control, frame } = findControl(schema, formData, isRequired);
  const isOption = useIsSelectedOption(pointer);
  const isEntry = useIsEntry(pointer);
  const isDiscriminator = useIsDiscriminator(fieldPathId.path);
  const place = fieldPathId.path.at(-1);
  const isItem = typeof place === "number" && schema.title === undefined;
  const label = getLabel(schema, place);
  if (isDiscriminator) return null;

  const told = showsAll || isTouched ? getErrorsAt(faults, pointer, true) : [];
  const wrong = complaint === "" ? told : [complaint];
  const description = typeof schema.description === "string" ? schema.description : "";
  const described = [description !== "" && `${id}.hint`, wrong.length > 0 && `${id}.fault`].filter(Boolean);

  const control: ControlProps = {
    schema,
    label,
    value: formData,
    onChange: (value) => {
      setEdited(true);
      edited(pointer);
      if (complaint !== "") setComplaint("");
      onChange(value, fieldPathId.path, undefined, fieldPathId.$id);
    },
    attributes: {
      id,
      required: isRequired,
      disabled: disabled === true,
      readOnly: readonly === true || schema.readOnly === true,
      "aria-describedby": described.length > 0 ? described.join(" ") : undefined,
      "aria-invalid": wrong.length > 0 ? true : undefined,
      onBlur: ({ target, relatedTarget }: FocusEvent<ValidatedElement>) => {
        // A line that appears now would move the button from under the pointer that is pressing it; and who only
        // passes by an empty field has done nothing wrong yet.
        if (relatedTarget instanceof HTMLButtonElement || (target.validity.valueMissing && !wasEdited))
          return;
        setTouched(true);
        setComplaint(target.validationMessage);
      },
      onInvalid: (event: FormEvent<ValidatedElement>) => {
        event.preventDefault();
        setTouched(true);
        setComplaint(event.currentTarget.validationMessage);
      },
    },
  };

  const unit: unknown = schema["x-unit"];
  const heading = (
    <>
      {label}
      {typeof unit === "string" && <span className="jf-unit"> {unit}</span>}
    </>
  );
  const className = isOption || isEntry || isItem ? "jf-unseen" : getLabelClass("jf-label", isRequired);
  return (
    <div
      className="jf-field"
      part="field"
      data-pointer={pointer}
      {...getExtensionAttributes(schema)}
      {...(frame === "group" && { role: "radiogroup", "aria-labelledby": `${id}.label` })}
    >
      {frame === "label" && (
        <label className={className} part="label" htmlFor={id}>
          {heading}
        </label>
      )}
      {frame === "group" && (
        <span className={className} part="label" id={`${id}.label`}>
          {heading}
        </span>
      )}
      <Control {...control} />
      {description !== "" && (
        <p className="jf-hint" id={`${id}.hint`}>
          {description}
        </p>
      )}
      {wrong.length > 0 && (
        <p className="jf-fault" part="fault" id={`${id}.fault`}>
          {wrong.join("; ")}
        </p>
      )}
    </div>
  );
};

/** Drawn again when its value, its schema or the faults are others; the functions that it is given stay valid. */
export const LeafField = memo(
  Leaf,
  (before, after) =>
    before.formData === after.formData &&
    before.schema === after.schema &&
    before.required === after.required &&
    before.disabled === after.disabled &&
    before.fieldPathId === after.fieldPathId,
);
