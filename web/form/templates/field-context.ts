import { createContext, use } from "react";
import { type PropertyPath, toPointer } from "../pointer.ts";
import type { FormSchema } from "../schema/form-schema.ts";

/** The selected option of a union: its pointer, and the property that the selection sets. */
export interface SelectedOption {
  readonly pointer: string;
  readonly discriminator: string | undefined;
}

const Option = createContext<SelectedOption | undefined>(undefined);
const EntryFrame = createContext<string | undefined>(undefined);

/**
 * Marks the selected option of a union. The option does not show its label again, because the list
 * of options already shows it.
 */
export const OptionProvider = Option.Provider;
/**
 * Marks the value of a record entry. The value shows no label, because the name of the entry is its
 * label.
 */
export const EntryProvider = EntryFrame.Provider;

/** Returns true for the selected option itself, but not for the fields inside it. */
export const useIsSelectedOption = (pointer: string): boolean => use(Option)?.pointer === pointer;

/**
 * Returns true for the discriminator of the selected option. The discriminator needs no field,
 * because selecting an option sets its value.
 */
export const useIsDiscriminator = (path: PropertyPath): boolean => {
  const option = use(Option);
  return (
    option?.discriminator !== undefined &&
    path.at(-1) === option.discriminator &&
    toPointer(path.slice(0, -1)) === option.pointer
  );
};

/** Returns true for the value of a record entry. */
export const useIsEntry = (pointer: string): boolean => use(EntryFrame) === pointer;

/**
 * Returns the pointer of a container. Removes the additional step that react-jsonschema-form adds
 * to the path of members that all options of a union share.
 */
export const getContainerPointer = (schema: FormSchema, path: PropertyPath): string => {
  const isShared = (schema.anyOf !== undefined || schema.oneOf !== undefined) && path.at(-1) === "XxxOf";
  return toPointer(isShared ? path.slice(0, -1) : path);
};
