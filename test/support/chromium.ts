import { join } from "node:path";
import { findPrograms } from "./programs.ts";

const programs = {
  names: ["chromium"],
  aptPackage: "chromium",
  directories: () => ["/usr/local/bin", "/usr/bin"],
};

/** The Chromium of this machine; as root on a Debian without one, installs it first. */
export const findChromium = (): string => join(findPrograms(programs), "chromium");
