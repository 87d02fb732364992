import { useSyncExternalStore } from "react";

const KEY = "joblib-theme";

/** What somebody chose; `system` follows the machine. */
export type Theme = "system" | "light" | "dark";

const machine = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

const kept = (): Theme => {
  try {
    const theme = localStorage.getItem(KEY);
    return theme === "light" || theme === "dark" ? theme : "system";
  } catch {
    return "system";
  }
};

let theme = kept();

const show = () => {
  const isDark = theme === "dark" || (theme === "system" && machine.matches);
  document.documentElement.dataset["theme"] = isDark ? "dark" : "light";
};

machine.addEventListener("change", show);
show();

/** Chooses a theme, for this page and those to come. */
export const chooseTheme = (next: Theme): void => {
  theme = next;
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Where a browser keeps nothing the choice lasts as long as the page.
  }
  show();
  for (const listener of listeners) listener();
};

/** The theme that was chosen. */
export const useTheme = (): Theme =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => theme,
  );
