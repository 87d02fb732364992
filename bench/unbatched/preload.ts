import { registerHooks } from "node:module";

const BATCHING_MODULE = /\/server\/storage\/queue\/batcher\.js$/;

// joblib has no setting that turns batching off, so this file, loaded with `node --import`, replaces its batching module.
registerHooks({
  resolve(specifier, context, next) {
    const module = next(specifier, context);
    if (!BATCHING_MODULE.test(module.url)) return module;
    return { ...module, url: new URL("run-unbatched.ts", import.meta.url).href, format: "module-typescript" };
  },
});
