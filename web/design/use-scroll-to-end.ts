import { type RefObject, type UIEvent, useLayoutEffect, useRef } from "react";

/**
 * Maximum distance of the scroll position from the end, in pixels, at which a box still scrolls to
 * new content.
 */
const NEAR_END = 40;

/** The properties of a box that scrolls to its end when its content changes. */
interface ScrollProps {
  readonly ref: RefObject<HTMLElement | null>;
  onScroll(event: UIEvent<HTMLElement>): void;
}

/** Scrolls a box to its end when `content` changes, unless the user has scrolled up. */
export const useScrollToEnd = (content: unknown): ScrollProps => {
  const ref = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new content must trigger it
  useLayoutEffect(() => {
    if (ref.current !== null && isAtEnd.current) ref.current.scrollTop = ref.current.scrollHeight;
  }, [content]);
  return {
    ref,
    onScroll({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) {
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
    },
  };
};
