import { getErrorsAt, useFormErrors } from "../errors/form-errors.ts";
import { getLabel } from "../label.ts";
import type { FormSchema } from "../schema/form-schema.ts";

/**
 * Returns the CSS classes of a label. The class of a required field is only visual, because screen
 * readers read the attribute `required`.
 */
export const getLabelClass = (name: string, isRequired: boolean | undefined): string =>
  isRequired === true ? `${name} is-required` : name;

export interface GroupHeaderProps {
  readonly schema: FormSchema;
  /** The name or the index of the field in its parent. */
  readonly fieldKey: string | number | undefined;
  readonly pointer: string;
  readonly required: boolean | undefined;
  /**
   * True if another element already shows the label. The label in this header is then only for
   * screen readers.
   */
  readonly isNamed: boolean;
}

/**
 * The first elements of a fieldset: its label, its description, and the errors of the whole value.
 */
export const GroupHeader = ({ schema, fieldKey, pointer, required, isNamed }: GroupHeaderProps) => {
  const { errors, showsAll } = useFormErrors();
  const shownErrors = showsAll ? getErrorsAt(errors, pointer) : [];
  return (
    <>
      <legend className={isNamed ? "jf-unseen" : getLabelClass("jf-legend", required)}>
        {getLabel(schema, fieldKey)}
      </legend>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {shownErrors.length > 0 && (
        <p className="jf-error" part="field-error">
          {shownErrors.join("; ")}
        </p>
      )}
    </>
  );
};
