import type { ReactNode } from "react";

/**
 * Stands in the place of the Markdown that react-jsonschema-form brings (87 kB): what it would be used for are strangers'
 * words, and those are shown as they are.
 */
export const Markdown = ({ children }: { readonly children?: ReactNode }) => children;

export default Markdown;
