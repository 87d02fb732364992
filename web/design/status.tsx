import type { TaskStatus } from "../../protocol/index.ts";

/**
 * The SVG path of each status's icon. The icons have different shapes, so that users can
 * distinguish the statuses without color.
 */
const SHAPES: Record<TaskStatus, string> = {
  pending: "M8 2.75a5.25 5.25 0 1 0 0 10.5 5.25 5.25 0 0 0 0-10.5Z",
  claimed: "M8 2.75a5.25 5.25 0 1 0 0 10.5 5.25 5.25 0 0 0 0-10.5ZM8 2.75v10.5",
  running: "M3 8a5 5 0 0 1 5-5M8 13a5 5 0 0 1-5-5M13 8a5 5 0 0 1-5 5",
  completed: "m3.5 8.5 3 3 6-6.8",
  failed: "m4 4 8 8M12 4l-8 8",
  cancelled: "M8 2.75a5.25 5.25 0 1 0 0 10.5 5.25 5.25 0 0 0 0-10.5ZM4.4 11.6l7.2-7.2",
};

/** Shows a status as an icon and a word. */
export const Status = ({
  status,
  bare = false,
}: {
  readonly status: TaskStatus;
  readonly bare?: boolean;
}) => (
  <span className={`status status-${status}`}>
    <svg
      viewBox="0 0 16 16"
      width="1em"
      height="1em"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d={SHAPES[status]} />
      {status === "claimed" && <path d="M8 3a5 5 0 0 1 0 10Z" fill="currentColor" stroke="none" />}
    </svg>
    <span className={bare ? "visually-hidden" : undefined}>{status}</span>
  </span>
);
