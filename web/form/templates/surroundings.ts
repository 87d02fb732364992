import { createContext, use } from "react";
import { type Path, toPointer } from "../pointer.ts";
import type { DrawnSchema } from "../schema/drawn-schema.ts";

/** The chosen option of a union: where it stands, and the property that is set by the choice. */
export interface ChosenOption {
  readonly pointer: string;
  readonly discriminator: string | undefined;
}

const Option = createContext<ChosenOption | undefined>(undefined);
const Entry = createContext<string | undefined>(undefined);

/** Below it stands the chosen option of a union, which has said already what it is called. */
export const OptionProvider = Option.Provider;
/** Below it stands a value that somebody has named: its name is its label. */
export const EntryProvider = Entry.Provider;

/** True for the option itself, not for what is inside of it. */
export const useIsOptionOf = (pointer: string): boolean => use(Option)?.pointer === pointer;

/** True for the field that says which option it is: the choice has said that. */
export const useIsDiscriminator = (path: Path): boolean => {
  const option = use(Option);
  return (
    option?.discriminator !== undefined &&
    path.at(-1) === option.discriminator &&
    toPointer(path.slice(0, -1)) === option.pointer
  );
};

/** True for the named value itself. */
export const useIsEntry = (pointer: string): boolean => use(Entry) === pointer;

/** Where a container stands: the library goes one step further for what a union's options have in common. */
export const placeOf = (schema: DrawnSchema, path: Path): string => {
  const isShared = (schema.anyOf !== undefined || schema.oneOf !== undefined) && path.at(-1) === "XxxOf";
  return toPointer(isShared ? path.slice(0, -1) : path);
};
