import { useEffect } from "react";

/** The words on the browser's tab; the most particular comes first. */
export const useTitle = (...parts: readonly (string | undefined)[]): void => {
  const title = [...parts.filter((part) => part !== undefined), "joblib"].join(" · ");
  useEffect(() => {
    document.title = title;
  }, [title]);
};
