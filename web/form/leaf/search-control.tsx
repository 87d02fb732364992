import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { SelectOptions } from "./choice-control.tsx";
import { findChoiceIndex, listChoices } from "./choices.ts";
import type { ControlProps } from "./control.ts";

const MAX_SHOWN = 100;

/**
 * Selects one of many values from a list of at most 100 choices, which a search field filters. In
 * the search field, Enter selects the only match, the down arrow key moves into the list, and
 * Escape clears the search.
 */
export const SearchControl = (props: ControlProps) => {
  const { schema, value, attributes, label } = props;
  const { readOnly, ...rest } = attributes;
  const isDisabled = rest.disabled || readOnly;
  const [search, setSearch] = useState("");
  const list = useRef<HTMLSelectElement>(null);
  const choices = listChoices(schema);
  const query = search.trim().toLowerCase();
  const found = choices.filter((choice) => choice.label.toLowerCase().includes(query));
  const chosen = findChoiceIndex(schema, value);
  const shown = [
    ...choices.filter(({ index }) => index === chosen),
    ...found.filter(({ index }) => index !== chosen).slice(0, MAX_SHOWN),
  ];

  // Deselects the option that React selects first if there is no value. That option would look
  // selected although the payload has no value, and a click on it would not fire a change event.
  useLayoutEffect(() => {
    if (list.current !== null && chosen === -1 && rest.required) list.current.selectedIndex = -1;
  });

  const choose = (text: string) => props.onChange(text === "" ? undefined : schema.enum?.[Number(text)]);
  const onSearchKey = (event: KeyboardEvent<HTMLInputElement>) => {
    const { key, ctrlKey, metaKey } = event;
    if (key === "Escape" && search !== "") {
      event.preventDefault();
      setSearch("");
    } else if (key === "ArrowDown") {
      event.preventDefault();
      list.current?.focus();
    } else if (key === "Enter" && !ctrlKey && !metaKey) {
      // Prevents Enter from submitting the form.
      event.preventDefault();
      const [only, ...others] = found.filter((choice) => !choice.isDisabled);
      if (only !== undefined && others.length === 0) choose(String(only.index));
      else list.current?.focus();
    }
  };

  return (
    <span className="jf-search">
      <input
        type="search"
        aria-label={`Search ${label}`}
        aria-controls={attributes.id}
        placeholder={`Search ${choices.length.toLocaleString("en")} choices`}
        value={search}
        disabled={isDisabled}
        onChange={({ target }) => setSearch(target.value)}
        onKeyDown={onSearchKey}
      />
      <select
        {...rest}
        ref={list}
        size={6}
        disabled={isDisabled}
        value={chosen === -1 ? "" : String(chosen)}
        onChange={({ target }) => choose(target.value)}
      >
        {!rest.required && <option value="">—</option>}
        <SelectOptions choices={shown} />
      </select>
      <output className="jf-hint">
        {found.length > MAX_SHOWN
          ? `First ${MAX_SHOWN} of ${found.length.toLocaleString("en")}`
          : found.length === 0
            ? "No choice matches"
            : `${found.length} ${found.length === 1 ? "match" : "matches"}`}
      </output>
    </span>
  );
};
