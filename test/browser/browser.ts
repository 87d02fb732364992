import { type Browser, chromium } from "playwright-core";
import { findPrograms } from "../support/programs.ts";

const programs = {
  names: ["chromium"],
  aptPackage: "chromium",
  directories: () => ["/usr/local/bin", "/usr/bin"],
};

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-dev-shm-usage",
];

/** A headless Chromium with a profile of its own; as root on Debian it is installed where it is missing. */
export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: `${findPrograms(programs)}/chromium`, args: FLAGS });
