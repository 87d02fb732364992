import { createContext, use } from "react";
import { type PropertyPath, toPointer } from "../pointer.ts";
import type { FormSchema } from "../schema/form-schema.ts";

/** The chosen option of a union: where it stands, and the property that is set by the choice. */
export interface SelectedOption {
  readonly pointer: string;
  readonly discriminator: string | undefined;
}

const Option = createContext<SelectedOption | undefined>(undefined);
const EntryFrame = createContext<string | undefined>(undefined);

/** Below it stands the chosen option of a union, which has said already what it is called. */
export const OptionProvider = Option.Provider;
/** Below it stands a value that somebody has named: its name is its label. */
export const EntryProvider = EntryFrame.Provider;

/** True for the option itself, not for what is inside of it. */
export const useIsSelectedOption = (pointer: string): boolean => use(Option)?.pointer === pointer;

/** True for the field that says which option it is: the choice has said that. */
export const useIsDiscriminator = (path: PropertyPath): boolean => {
  const option = use(Option);
  return (
    option?.discriminator !== undefined &&
    path.at(-1) === option.discriminator &&
    toPointer(path.slice(0, -1)) === option.pointer
  );
};

/** True for the named value itself. */
export const useIsEntry = (pointer: string): boolean => use(EntryFrame) === pointer;

/** Where a container stands: the library goes one step further for what a union's options have in common. */
export const getContainerPointer = (schema: FormSchema, path: PropertyPath): string => {
  const isShared = (schema.anyOf !== undefined || schema.oneOf !== undefined) && path.at(-1) === "XxxOf";
  return toPointer(isShared ? path.slice(0, -1) : path);
};
