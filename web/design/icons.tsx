import type { ReactNode } from "react";

const icon = (drawing: ReactNode) => () => (
  <svg
    viewBox="0 0 20 20"
    width="1.15em"
    height="1.15em"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.6"
    strokeLinecap="round"
    strokeLinejoin="round"
    aria-hidden="true"
  >
    {drawing}
  </svg>
);

/**
 * The logo of joblib. The thin line stands for waiting and the thick line for running, as in the
 * `Lifeline` of a task.
 */
export const Logo = () => (
  <svg viewBox="0 0 28 16" fill="none" stroke="currentColor" strokeLinecap="round" aria-hidden="true">
    <path d="M2 8h8" strokeWidth="2" />
    <path d="M14.5 8h8.5" strokeWidth="8" />
  </svg>
);

export const JobsIcon = icon(<path d="M3 5.5h14M3 10h9M3 14.5h14" />);
export const TasksIcon = icon(<path d="M3 6.5h4M10 6.5h7M3 13.5h8M14 13.5h3" />);
export const WorkersIcon = icon(
  <>
    <rect x="3" y="4" width="14" height="9" rx="1.5" />
    <path d="M7 16.5h6" />
  </>,
);
export const HealthIcon = icon(<path d="M2.5 11h3.5l2-6 3.5 10 2-4h4" />);
export const LightIcon = icon(
  <>
    <circle cx="10" cy="10" r="3.4" />
    <path d="M10 2.4v1.8M10 15.8v1.8M2.4 10h1.8M15.8 10h1.8M4.6 4.6l1.3 1.3M14.1 14.1l1.3 1.3M4.6 15.4l1.3-1.3M14.1 5.9l1.3-1.3" />
  </>,
);
export const DarkIcon = icon(<path d="M16 11.6A6.6 6.6 0 0 1 8.4 4a6.6 6.6 0 1 0 7.6 7.6Z" />);
export const SystemIcon = icon(
  <>
    <circle cx="10" cy="10" r="6.5" />
    <path d="M10 3.5v13a6.5 6.5 0 0 0 0-13Z" fill="currentColor" stroke="none" />
  </>,
);
export const CopyIcon = icon(
  <>
    <rect x="7" y="7" width="9.5" height="9.5" rx="1.5" />
    <path d="M13 4.6A1.5 1.5 0 0 0 11.6 3.5H5A1.5 1.5 0 0 0 3.5 5v6.6A1.5 1.5 0 0 0 4.6 13" />
  </>,
);
export const CheckIcon = icon(<path d="m4.5 10.5 3.6 3.6 7.4-8" />);
export const SearchIcon = icon(
  <>
    <circle cx="9" cy="9" r="5" />
    <path d="m13 13 3.6 3.6" />
  </>,
);
