import { join } from "node:path";
import { findPrograms } from "./programs.ts";

const programs = {
  names: ["chromium"],
  aptPackage: "chromium",
  directories: () => ["/usr/local/bin", "/usr/bin"],
};

/** Returns the path of Chromium. On Debian as root, installs it if it is missing. */
export const findChromium = (): string => join(findPrograms(programs), "chromium");
