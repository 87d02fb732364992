import { registerHooks } from "node:module";

// Loaded with --import: prints the URL of every loaded module to stderr, one per line.
registerHooks({
  load(url, context, next) {
    process.stderr.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
