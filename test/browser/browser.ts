import { type Browser, chromium } from "playwright-core";
import { findChromium } from "../support/chromium.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-quic",
  "--disable-background-networking",
  "--no-first-run",
  "--disable-dev-shm-usage",
];

export const startBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: findChromium(), args: FLAGS });
