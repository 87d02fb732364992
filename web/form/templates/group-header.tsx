import { getErrorsAt, useFormErrors } from "../form-errors.ts";
import { getLabel } from "../label.ts";
import type { FormSchema } from "../schema/form-schema.ts";

/** The class of a name: of what must be there it is marked; the control says it too, so nobody is told twice. */
export const getLabelClass = (name: string, isRequired: boolean | undefined): string =>
  isRequired === true ? `${name} is-required` : name;

/** What a group's head is made from. */
export interface GroupHeaderProps {
  readonly schema: FormSchema;
  readonly place: string | number | undefined;
  readonly pointer: string;
  readonly required: boolean | undefined;
  /** Something else has said already what it is called. */
  readonly isNamed: boolean;
}

/** The first child of a fieldset: what it is called, what it is for, and what is wrong with it as a whole. */
export const GroupHeader = ({ schema, place, pointer, required, isNamed }: GroupHeaderProps) => {
  const { faults, showsAll } = useFormErrors();
  const told = showsAll ? getErrorsAt(faults, pointer) : [];
  return (
    <>
      <legend className={isNamed ? "jf-unseen" : getLabelClass("jf-legend", required)}>
        {getLabel(schema, place)}
      </legend>
      {typeof schema.description === "string" && <p className="jf-hint">{schema.description}</p>}
      {told.length > 0 && (
        <p className="jf-fault" part="fault">
          {told.join("; ")}
        </p>
      )}
    </>
  );
};
