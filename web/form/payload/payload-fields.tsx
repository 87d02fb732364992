import Form from "@rjsf/core/lib/components/Form.js";
import DefaultArrayField from "@rjsf/core/lib/components/fields/ArrayField.js";
import DefaultSchemaField from "@rjsf/core/lib/components/fields/SchemaField.js";
import {
  ADDITIONAL_PROPERTY_FLAG,
  type CyclicSchemaExpandProps,
  englishStringTranslator,
  type FieldProps,
  mergeSchemas,
  TranslatableString,
} from "@rjsf/utils";
import { type ComponentType, createElement, memo, type Ref } from "react";
import type { JsonObject } from "../../../protocol/json.ts";
import { FileListField, isFileList } from "../files/file-list-field.tsx";
import { useUploads } from "../files/form-uploads.ts";
import { getLabel } from "../label.ts";
import { LeafField } from "../leaf/leaf-field.tsx";
import { ANY_VALUE, type FormSchema, MAX_ITEMS } from "../schema/form-schema.ts";
import { isScalarType } from "../schema/prepare-scalar.ts";
import { ArrayItemTemplate, ArrayTemplate } from "../templates/array-template.tsx";
import { FieldTemplate } from "../templates/field-template.tsx";
import { ObjectTemplate } from "../templates/object-template.tsx";
import { SelectWidget, UnionTemplate } from "../templates/union-template.tsx";
import { applySchemaDefaults } from "./apply-schema-defaults.ts";
import { optionMatcher } from "./option-matcher.ts";

// The declared type of this component accepts only array values, but react-jsonschema-form itself
// passes the props of any field.
const LibraryArrayField = DefaultArrayField as ComponentType<FieldProps>;

const toJsonField = ({ type: _, items: _items, ...schema }: FormSchema): FormSchema => ({
  ...schema,
  ...ANY_VALUE,
});

const ArrayField = (props: FieldProps) => {
  const canUpload = useUploads() !== undefined;
  if (Array.isArray(props.formData) && props.formData.length > MAX_ITEMS)
    return createElement(LeafField, { ...props, schema: toJsonField(props.schema) });
  return createElement(canUpload && isFileList(props) ? FileListField : LibraryArrayField, props);
};

/**
 * Returns true for a single value that is not inside a reference, a union or a condition, and is
 * not an entry of a record.
 */
const isPlainField = (schema: FormSchema): boolean =>
  (schema.enum !== undefined || isScalarType([schema.type].flat()[0])) &&
  !(ADDITIONAL_PROPERTY_FLAG in schema) &&
  [schema.$ref, schema.allOf, schema.anyOf, schema.oneOf, schema.if].every((part) => part === undefined);

const LibrarySchemaField = DefaultSchemaField as ComponentType<FieldProps>;

/**
 * Renders plain fields directly. Most fields are plain, and react-jsonschema-form's own component
 * is slower and runs on every keystroke.
 */
const SchemaField = (props: FieldProps) =>
  isPlainField(props.schema)
    ? createElement(LeafField, props)
    : createElement(LibrarySchemaField, { ...props, registry: applySchemaDefaults(props.registry) });

const ExpandButton = ({ schema, name, onExpand, fieldPathId }: CyclicSchemaExpandProps) => (
  <button type="button" className="jf-button jf-add" part="add" onClick={() => onExpand(fieldPathId.$id)}>
    Show {getLabel(schema, name)}
  </button>
);

const FIELDS = {
  SchemaField,
  ArrayField,
  StringField: LeafField,
  NumberField: LeafField,
  BooleanField: LeafField,
  NullField: LeafField,
  FallbackField: LeafField,
};

const TEMPLATES = {
  FieldTemplate,
  ObjectFieldTemplate: ObjectTemplate,
  ArrayFieldTemplate: ArrayTemplate,
  ArrayFieldItemTemplate: ArrayItemTemplate,
  MultiSchemaFieldTemplate: UnionTemplate,
  CyclicSchemaExpandTemplate: ExpandButton,
};

const WIDGETS = { SelectWidget };

const DEFAULTS = { arrayMinItems: { populate: "requiredOnly" as const } };

/**
 * Replaces "New Value", which react-jsonschema-form uses as the initial text of a new record entry,
 * by an empty string, because the form would submit "New Value".
 */
const translateText: typeof englishStringTranslator = (text, parameters) =>
  text === TranslatableString.NewStringDefault ? "" : englishStringTranslator(text, parameters);

const mergeIntersection = ({ allOf = [], ...rest }: FormSchema): FormSchema =>
  [...allOf, rest].reduce<FormSchema>(
    (whole, part) => (part === true || part === false ? whole : mergeSchemas(whole, part)),
    {},
  );

/** The part of react-jsonschema-form's form object that contains the current payload. */
export interface FormHandle {
  readonly state: { readonly formData?: unknown };
}

export interface PayloadFieldsProps {
  readonly schema: FormSchema;
  readonly initial: JsonObject;
  readonly idPrefix: string;
  readonly onChange: (payload: unknown) => void;
  readonly ref: Ref<FormHandle>;
}

/**
 * The fields of a payload. react-jsonschema-form manages their state, and joblib's own components
 * render them.
 */
export const PayloadFields = memo(({ schema, initial, idPrefix, onChange, ref }: PayloadFieldsProps) => (
  <Form
    ref={ref as Ref<Form>}
    tagName="div"
    className="jf-fields"
    schema={schema}
    validator={optionMatcher}
    initialFormData={initial}
    idPrefix={idPrefix}
    idSeparator="/"
    fields={FIELDS}
    templates={TEMPLATES}
    widgets={WIDGETS}
    translateString={translateText}
    noValidate
    showErrorList={false}
    experimental_defaultFormStateBehavior={DEFAULTS}
    experimental_customMergeAllOf={mergeIntersection}
    onChange={({ formData }) => onChange(formData)}
  >
    {/* Without a child element, the library renders its own submit button. */}
    <span hidden />
  </Form>
));
