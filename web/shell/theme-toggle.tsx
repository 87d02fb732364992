import { DarkIcon, LightIcon, SystemIcon } from "../design/icons.tsx";
import { chooseTheme, type Theme, useTheme } from "./theme.ts";

const NEXT_THEME: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const ICONS = { system: SystemIcon, light: LightIcon, dark: DarkIcon };

/** Cycles through the system theme, light and dark. */
export const ThemeToggle = () => {
  const theme = useTheme();
  const Icon = ICONS[theme];
  const label = `Theme: ${theme}. Change to ${NEXT_THEME[theme]}`;
  return (
    <button
      type="button"
      className="button button-plain button-icon"
      onClick={() => chooseTheme(NEXT_THEME[theme])}
      aria-label={label}
      title={label}
    >
      <Icon />
    </button>
  );
};
