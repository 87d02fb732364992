import type { ExtensionClass } from "./extension.ts";
import type { JobRegistry, RegisterOptions } from "./job-registry.ts";

/** The forms of `register`: `@register`, `@register({ … })`, `register(Class)` and `register(Class, { … })`. */
export interface Register<Context> {
  <Class extends ExtensionClass<Context>>(Class: Class, context: ClassDecoratorContext): void;
  <Class extends ExtensionClass<Context>>(Class: Class, options?: RegisterOptions): Class;
  (options: RegisterOptions): RegisterDecorator<Context>;
}

/** A class decorator that can also be called as a function. */
export type RegisterDecorator<Context> = <Class extends ExtensionClass<Context>>(
  Class: Class,
  context?: ClassDecoratorContext,
) => Class;

/**
 * Creates the `register` function of a registry. It does not use `this`, because compiled decorators
 * call it without one.
 */
export const createRegister = <Context>(registry: JobRegistry<Context>): Register<Context> => {
  const addClass = <Class extends ExtensionClass<Context>>(
    Class: Class,
    options: RegisterOptions,
    context?: ClassDecoratorContext,
  ): Class => {
    // A decorator runs before the static fields of the class are set. An initializer runs after them, so
    // `static room` can be read.
    if (context === undefined) registry.add(Class, options);
    else context.addInitializer(() => registry.add(Class, options, context.name ?? Class.name));
    return Class;
  };

  function register<Class extends ExtensionClass<Context>>(
    Class: Class,
    context: ClassDecoratorContext,
  ): void;
  function register<Class extends ExtensionClass<Context>>(Class: Class, options?: RegisterOptions): Class;
  function register(options: RegisterOptions): RegisterDecorator<Context>;
  function register(
    first: ExtensionClass<Context> | RegisterOptions,
    second: ClassDecoratorContext | RegisterOptions = {},
  ): unknown {
    if (typeof first !== "function")
      return <C extends ExtensionClass<Context>>(Class: C, context?: ClassDecoratorContext) =>
        addClass(Class, first, context);
    return "addInitializer" in second ? addClass(first, {}, second) : addClass(first, second);
  }
  return register;
};
