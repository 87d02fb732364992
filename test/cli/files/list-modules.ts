import { registerHooks } from "node:module";

// `node --import` loads this file before the program. It prints the URL of every loaded module to
// stderr, one URL per line.
registerHooks({
  load(url, context, next) {
    process.stderr.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
