import { useEffect } from "react";

/** Sets the title of the browser tab. The first part should be the most specific. */
export const useTitle = (...parts: readonly (string | undefined)[]): void => {
  const title = [...parts.filter((part) => part !== undefined), "joblib"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
};
