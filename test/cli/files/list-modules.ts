import { registerHooks } from "node:module";

// Given to --import: prints the URL of every module that the process loads, one a line, on stderr.
registerHooks({
  load(url, context, next) {
    process.stderr.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
