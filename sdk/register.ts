import type { ExtensionClass } from "./extension.ts";
import type { JobRegistry, RegisterOptions } from "./job-registry.ts";

/** All forms of `register`: `@register`, `@register({ … })`, `register(Class)`, `register(Class, { … })`. */
export interface Register<Context> {
  <Class extends ExtensionClass<Context>>(Class: Class, context: ClassDecoratorContext): void;
  <Class extends ExtensionClass<Context>>(Class: Class, options?: RegisterOptions): Class;
  (options: RegisterOptions): RegisterDecorator<Context>;
}

/** A decorator of classes that works as a plain call, too. */
export type RegisterDecorator<Context> = <Class extends ExtensionClass<Context>>(
  Class: Class,
  context?: ClassDecoratorContext,
) => Class;

/** The `register` of a registry; bound, because compiled decorators call it without `this`. */
export const createRegister = <Context>(registry: JobRegistry<Context>): Register<Context> => {
  const put = <Class extends ExtensionClass<Context>>(
    Class: Class,
    options: RegisterOptions,
    context?: ClassDecoratorContext,
  ): Class => {
    // A decorator comes before the class's static fields, an initializer after them: `static room` must be there.
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
        put(Class, first, context);
    return "addInitializer" in second ? put(first, {}, second) : put(first, second);
  }
  return register;
};
