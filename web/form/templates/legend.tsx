import { faultsAt, useFaults } from "../faults.ts";
import { labelOf } from "../label.ts";
import type { DrawnSchema } from "../schema/drawn-schema.ts";

/** Marks what must be there; the control says it too, so nobody is told twice. */
export const Required = () => (
  <span className="jf-required" aria-hidden="true">
    *
  </span>
);

/** What a group's head is made from. */
export interface GroupHeadProps {
  readonly schema: DrawnSchema;
  readonly place: string | number | undefined;
  readonly pointer: string;
  readonly required: boolean | undefined;
  /** Something else has said already what it is called. */
  readonly isNamed: boolean;
}

/** The first child of a fieldset: what it is called, what it is for, and what is wrong with it as a whole. */
export const GroupHead = ({ schema, place, pointer, required, isNamed }: GroupHeadProps) => {
  const { faults, showsAll } = useFaults();
  const told = showsAll ? faultsAt(faults, pointer) : [];
  return (
    <>
      <legend className={isNamed ? "jf-unseen" : "jf-legend"}>
        {labelOf(schema, place)}
        {required === true && <Required />}
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
