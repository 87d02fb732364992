import type { ControlProps } from "./control.ts";

/**
 * A checkbox. It never has the attribute `required`, because browsers accept a required checkbox
 * only if it is checked.
 */
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
