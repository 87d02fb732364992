import type { ControlProps } from "./control.ts";

/** A yes or no. It is not required to be yes: the attribute would say that. */
export const BooleanControl = ({ value, label, attributes, onChange }: ControlProps) => {
  const { required: _, readOnly, ...rest } = attributes;
  return (
    <label className="jf-check">
      <input
        {...rest}
        type="checkbox"
        disabled={rest.disabled || readOnly}
        checked={value === true}
        onChange={({ target }) => onChange(target.checked)}
      />
      <span>{label}</span>
    </label>
  );
};
