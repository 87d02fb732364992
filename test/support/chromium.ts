import { join } from "node:path";
import { findPrograms } from "./programs.ts";

const programs = {
  names: ["chromium"],
  aptPackage: "chromium",
  directories: () => ["/usr/local/bin", "/usr/bin"],
};

/** Returns the path of Chromium. If it is missing, installs it, which requires Debian and root. */
export const findChromium = (): string => join(findPrograms(programs), "chromium");
