#!/usr/bin/env node
// Uses only old syntax, so that every version of Node.js can parse this file and print the required version.
var NEEDED = [22, 19];
var found = process.versions.node.split(".").map(Number);

if (found[0] < NEEDED[0] || (found[0] === NEEDED[0] && found[1] < NEEDED[1])) {
  process.stderr.write(
    `joblib: needs Node.js ${NEEDED.join(".")} or newer, and this is ${process.versions.node}\n`,
  );
  process.exit(1);
} else {
  import("node:module")
    .then((module) => {
      // With the compile cache of Node.js, a command starts in half the time.
      module.enableCompileCache();
      return import("../dist/cli/main.js");
    })
    .catch((error) => {
      if (error.code !== "ERR_MODULE_NOT_FOUND" || !/cli[\\/]main\.js' imported/.test(error.message))
        throw error;
      process.stderr.write("joblib: is not built yet; run `npm run build` first\n");
      process.exit(1);
    });
}
