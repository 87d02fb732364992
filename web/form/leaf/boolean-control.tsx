import type { ControlProps } from "./control.ts";

/** A checkbox. It has no `required` attribute, because the browser would then require it to be checked. */
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
