import { registerHooks } from "node:module";

const PRODUCTS = /\/server\/storage\/coalesce\.js$/;

// The product has no switch for it, so `node --import` of this file takes one module's place.
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context);
    if (!PRODUCTS.test(resolved.url)) return resolved;
    return { ...resolved, url: new URL("coalesce.ts", import.meta.url).href, format: "module-typescript" };
  },
});
