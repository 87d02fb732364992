import { useSyncExternalStore } from "react";

const KEY = "joblib-theme";

/** The selected theme. `system` follows the operating system. */
export type Theme = "system" | "light" | "dark";

const systemTheme = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

const readStoredTheme = (): Theme => {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
};

let theme = readStoredTheme();

const show = () => {
  const isDark = theme === "dark" || (theme === "system" && systemTheme.matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
};

systemTheme.addEventListener("change", show);
show();

/** Applies a theme and stores it for later visits. */
export const chooseTheme = (next: Theme): void => {
  theme = next;
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // If the browser denies access to the storage, the selection is kept only until the page is
    // closed.
  }
  show();
  for (const listener of listeners) listener();
};

export const useTheme = (): Theme =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
