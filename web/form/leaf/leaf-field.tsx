import type { FieldProps } from "@rjsf/utils";
import { type FocusEvent, type FormEvent, memo, useState } from "react";
import { getErrorsAt, useFormErrors } from "../errors/form-errors.ts";
import { getExtensionAttributes, getLabel } from "../label.ts";
import { toPointer } from "../pointer.ts";
import { useIsDiscriminator, useIsEntry, useIsSelectedOption } from "../templates/field-context.ts";
import { getLabelClass } from "../templates/group-header.tsx";
import type { ControlProps, ValidatedElement } from "./control.ts";
import { expandNullableBoolean, findControl } from "./find-control.ts";

/** A field with a single value. It shows a label, a control, a description and errors. */
const Leaf = ({
  schema: source,
  fieldPathId,
  formData,
  required,
  disabled,
  readonly,
  registry,
  onChange,
}: FieldProps) => {
  const schema = expandNullableBoolean(source);
  const pointer = toPointer(fieldPathId.path);
  const id = registry.globalFormOptions.idPrefix + encodeURIComponent(pointer);
  const { errors, showsAll, clear } = useFormErrors();
  const [isTouched, setTouched] = useState(false);
  const [wasEdited, setEdited] = useState(false);
  const [browserError, setBrowserError] = useState("");
  const isRequired = required === true;
  const { Control, labelPlacement } = findControl(schema, formData, isRequired);
  const isOption = useIsSelectedOption(pointer);
  const isEntry = useIsEntry(pointer);
  const isDiscriminator = useIsDiscriminator(fieldPathId.path);
  const key = fieldPathId.path.at(-1);
  const isItem = typeof key === "number" && schema.title === undefined;
  const label = getLabel(schema, key);
  if (isDiscriminator) return null;

  const serverErrors = showsAll || isTouched ? getErrorsAt(errors, pointer, true) : [];
  const shownErrors = browserError === "" ? serverErrors : [browserError];
  const description = typeof schema.description === "string" ? schema.description : "";
  const describedBy = [description !== "" && `${id}.hint`, shownErrors.length > 0 && `${id}.error`].filter(
    Boolean,
  );

  const control: ControlProps = {
    schema,
    label,
    value: formData,
    onChange: (value) => {
      setEdited(true);
      clear(pointer);
      if (browserError !== "") setBrowserError("");
      onChange(value, fieldPathId.path, undefined, fieldPathId.$id);
    },
    attributes: {
      id,
      required: isRequired,
      disabled: disabled === true,
      readOnly: readonly === true || schema.readOnly === true,
      "aria-describedby": describedBy.length > 0 ? describedBy.join(" ") : undefined,
      "aria-invalid": shownErrors.length > 0 ? true : undefined,
      onBlur: ({ target, relatedTarget }: FocusEvent<ValidatedElement>) => {
        // Does not show the error if the user is clicking a button, because an additional line
        // would move the button. Does not show it either for a required field that the user has
        // visited but not edited.
        if (relatedTarget instanceof HTMLButtonElement || (target.validity.valueMissing && !wasEdited))
          return;
        setTouched(true);
        setBrowserError(target.validationMessage);
      },
      onInvalid: (event: FormEvent<ValidatedElement>) => {
        event.preventDefault();
        setTouched(true);
        setBrowserError(event.currentTarget.validationMessage);
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
      {...(labelPlacement === "group" && { role: "radiogroup", "aria-labelledby": `${id}.label` })}
    >
      {labelPlacement === "above" && (
        <label className={className} part="label" htmlFor={id}>
          {heading}
        </label>
      )}
      {labelPlacement === "group" && (
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
      {shownErrors.length > 0 && (
        <p className="jf-error" part="field-error" id={`${id}.error`}>
          {shownErrors.join("; ")}
        </p>
      )}
    </div>
  );
};

/**
 * Renders a field again only if its value, schema or errors change. Callbacks are not compared,
 * because older callbacks have the same effect.
 */
export const LeafField = memo(
  Leaf,
  (before, after) =>
    before.formData === after.formData &&
    before.schema === after.schema &&
    before.required === after.required &&
    before.disabled === after.disabled &&
    before.fieldPathId === after.fieldPathId,
);
