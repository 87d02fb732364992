import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { TaskStatus } from "../../../protocol/index.ts";
import { readQuery, roomScope } from "../../api/queries.ts";
import { SearchIcon } from "../../design/icons.tsx";
import { Status } from "../../design/status.tsx";
import { type Filter, isFiltering } from "./task-filter.ts";

/** A search starts after the user has not typed for this many milliseconds. */
const DEBOUNCE_MS = 350;

/** A text field that reports its value after a pause in typing or when the user presses Enter. */
const DebouncedInput = ({
  label,
  value,
  placeholder,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly placeholder: string;
  readonly onChange: (text: string) => void;
}) => {
  const [text, setText] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const report = (next: string, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => next.trim() !== value && onChange(next.trim()), wait);
  };
  return (
    <input
      className="input"
      type="search"
      aria-label={label}
      placeholder={placeholder}
      value={text}
      onChange={({ target }) => {
        setText(target.value);
        report(target.value, DEBOUNCE_MS);
      }}
      onKeyDown={({ key }) => key === "Enter" && report(text, 0)}
    />
  );
};

export const FilterBar = ({
  room,
  filter,
  onChange,
}: {
  readonly room: string;
  readonly filter: Filter;
  readonly onChange: (change: Partial<Filter>) => void;
}) => {
  const jobs = useQuery(
    readQuery("listJobs", { params: { room_id: room }, query: { limit: 500 } }, roomScope(room)),
  );
  const names = new Set(jobs.data?.items.map(({ full_name }) => full_name));
  if (filter.job !== "") names.add(filter.job);
  const toggle = (status: TaskStatus) => {
    const next = filter.status.includes(status)
      ? filter.status.filter((other) => other !== status)
      : [...filter.status, status];
    onChange({ status: next });
  };
  return (
    <search className="filters">
      <fieldset className="chips">
        <legend className="visually-hidden">Status</legend>
        {TaskStatus.options.map((status) => (
          <label key={status} className="chip">
            <input type="checkbox" checked={filter.status.includes(status)} onChange={() => toggle(status)} />
            <Status status={status} />
          </label>
        ))}
      </fieldset>
      <div className="filter-fields">
        <select
          className="select"
          aria-label="Job"
          value={filter.job}
          onChange={({ target }) => onChange({ job: target.value })}
        >
          <option value="">All jobs</option>
          {[...names].sort().map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <DebouncedInput
          label="Submitter"
          placeholder="Submitted by…"
          value={filter.by}
          onChange={(by) => onChange({ by })}
        />
        <div className="search-field">
          <SearchIcon />
          <DebouncedInput
            label="Search in ids, errors and payloads"
            placeholder="Id, or text in error or payload"
            value={filter.q}
            onChange={(q) => onChange({ q })}
          />
        </div>
        {isFiltering(filter) && (
          <button
            type="button"
            className="button button-plain"
            onClick={() => onChange({ status: [], job: "", by: "", q: "" })}
          >
            Clear
          </button>
        )}
      </div>
    </search>
  );
};
