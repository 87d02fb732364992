import {
  type FormEvent,
  type KeyboardEvent,
  type ReactNode,
  useCallback,
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Job } from "../../../protocol/jobs.ts";
import type { JsonObject } from "../../../protocol/json.ts";
import type { FieldError } from "../../../protocol/problem.ts";
import { SchemaDefaults } from "../../../protocol/schema/schema-defaults.ts";
import type { UploadTarget } from "../../files/upload/upload-file.ts";
import { ErrorBoundary } from "../errors/error-boundary.tsx";
import { ErrorSummary } from "../errors/error-summary.tsx";
import { findFirst, focusOn } from "../errors/focus.ts";
import { FormErrorsProvider } from "../errors/form-errors.ts";
import { useValidation } from "../errors/use-validation.ts";
import { FormUploadsProvider } from "../files/form-uploads.ts";
import { useUploadsOnSubmit } from "../files/use-uploads-on-submit.ts";
import { type FormSchema, isJsonObject } from "../schema/form-schema.ts";
import { prepareSchema } from "../schema/prepare-schema.ts";
import { isRenderable } from "../schema/renderable.ts";
import { orderLike } from "./order-like.ts";
import { type FormHandle, PayloadFields } from "./payload-fields.tsx";
import { PayloadText } from "./payload-text.tsx";

export interface JobFormProps {
  readonly job: Pick<Job, "schema" | "full_name">;
  /** The initial payload. Defaults are added for missing members. */
  readonly initial?: JsonObject | undefined;
  /** The errors of the last submit. Their pointers are relative to the payload. */
  readonly problems?: readonly FieldError[] | undefined;
  readonly onSubmit: (payload: JsonObject) => void;
  readonly isBusy?: boolean | undefined;
  /** Validates the payload on the server while the user edits it. */
  readonly onValidate?: ((payload: JsonObject) => Promise<readonly FieldError[]>) | undefined;
  readonly submitLabel?: string | undefined;
  /** Receives the uploads of file fields. Without it, file fields take only references. */
  readonly uploadTarget?: UploadTarget | undefined;
  /** Rendered between the fields and the submit button. */
  readonly children?: ReactNode;
}

const EMPTY_PAYLOAD: JsonObject = {};

/**
 * Maximum length of a payload that is edited in fields, in characters of JSON. A larger payload is
 * edited as JSON, because react-jsonschema-form needs seconds to render its fields, for example for
 * the coordinates of a protein.
 */
const MAX_FIELD_CHARACTERS = 100_000;

const isLarge = (payload: JsonObject): boolean => JSON.stringify(payload).length > MAX_FIELD_CHARACTERS;

/** Converts the data of the form to a payload, without members that are undefined. */
const toPayload = (payload: unknown): JsonObject => {
  const copy: unknown = JSON.parse(JSON.stringify(payload ?? {}));
  return isJsonObject(copy) ? copy : {};
};

interface PreparedForm {
  readonly schema: FormSchema;
  /**
   * Adds defaults for missing members of a payload. If the payload is undefined, returns the
   * initial payload.
   */
  readonly addDefaults: (payload: JsonObject | undefined) => JsonObject;
}

const prepareForm = (text: string): PreparedForm | undefined => {
  const source: JsonObject = JSON.parse(text);
  const schema = prepareSchema(source);
  const isForm = schema.type === "object" || schema.anyOf !== undefined || schema.oneOf !== undefined;
  if (!isForm || !isRenderable(schema)) return undefined;
  const defaults = new SchemaDefaults(source);
  const addDefaults = (payload: JsonObject | undefined) => {
    const filled = defaults.createInitialValue(source, payload);
    return isJsonObject(filled) ? filled : (payload ?? EMPTY_PAYLOAD);
  };
  return { schema, addDefaults };
};

/**
 * Returns the first field whose text the form cannot send, because it is invalid JSON, not a
 * number, or too large a number.
 */
const findUnsentField = (form: HTMLFormElement): HTMLInputElement | HTMLTextAreaElement | undefined =>
  [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")].find(
    ({ dataset, validity }) => dataset["unsent"] !== undefined || validity.badInput,
  );

const PayloadEditor = ({ schemaText, ...props }: JobFormProps & { schemaText: string }) => {
  const { initial, problems, onSubmit, isBusy = false, onValidate, submitLabel = "Run" } = props;
  const prefix = useId();
  const form = useRef<HTMLFormElement>(null);
  const fields = useRef<FormHandle>(null);
  const prepared = useMemo(() => prepareForm(schemaText), [schemaText]);
  const [start, setStart] = useState(() => {
    const asJson = initial !== undefined && isLarge(initial);
    const payload =
      asJson || prepared === undefined ? (initial ?? EMPTY_PAYLOAD) : prepared.addDefaults(initial);
    return { version: 0, payload, asJson };
  });
  const [isTooLarge, setTooLarge] = useState(start.asJson);
  const textPayload = useRef(start.payload);
  const [hasSubmitted, setSubmitted] = useState(false);
  const { uploads, isWaiting, notice, checkComplete, checkShowable, resolve } = useUploadsOnSubmit(
    props.uploadTarget,
  );
  const { errors, validate, clear } = useValidation(problems, onValidate);
  const isRejected = (problems?.length ?? 0) > 0;
  const showsAll = hasSubmitted || isRejected;

  const readPayload = useCallback((): JsonObject => {
    if (fields.current === null) return textPayload.current;
    // react-jsonschema-form moves the members that the schema defines to the front. This restores
    // the original order.
    return orderLike(start.payload, toPayload(fields.current.state.formData));
  }, [start]);
  // react-jsonschema-form reports its defaults as changes before React commits the first render.
  // These changes are not validated, because the user has not edited anything yet.
  const isMounted = useRef(false);
  useEffect(() => {
    isMounted.current = true;
  }, []);
  const change = useCallback(
    (payload: unknown) => {
      if (isMounted.current) validate(uploads?.resolve(toPayload(payload)) ?? toPayload(payload));
    },
    [validate, uploads],
  );
  const formErrors = useMemo(() => ({ errors, showsAll, clear }), [errors, showsAll, clear]);

  const problemText = JSON.stringify(problems ?? []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: focus the first rejected field once per rejection
  useEffect(() => {
    const pointers = (problems ?? []).map(({ pointer }) => pointer);
    const first = form.current === null ? undefined : findFirst(form.current, pointers);
    if (form.current !== null && first !== undefined) focusOn(form.current, first);
  }, [problemText]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy || isWaiting) return;
    setSubmitted(true);
    if (event.currentTarget.checkValidity()) {
      const payload = readPayload();
      // Submits again after the uploads, because the user may edit the form meanwhile.
      if (checkComplete(payload, () => form.current?.requestSubmit())) onSubmit(resolve(payload));
      return;
    }
    event.currentTarget.querySelector<HTMLElement>(":invalid:not(fieldset)")?.focus();
  };
  const submitOnShortcut = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  const toggleJson = () => {
    const unsent = form.current === null ? undefined : findUnsentField(form.current);
    if (unsent !== undefined) {
      // `checkValidity()` fires the event `invalid`, which makes the field show its error.
      unsent.checkValidity();
      unsent.focus();
      return;
    }
    if (!checkShowable(readPayload())) return;
    const payload = resolve(readPayload());
    textPayload.current = payload;
    const isStillTooLarge = start.asJson && isLarge(payload);
    setTooLarge(isStillTooLarge);
    if (isStillTooLarge) return;
    const next = start.asJson && prepared !== undefined ? prepared.addDefaults(payload) : payload;
    setStart({ version: start.version + 1, payload: next, asJson: !start.asJson });
  };

  const text = (
    <PayloadText
      key={start.version}
      initial={start.payload}
      onChange={(payload) => {
        textPayload.current = payload;
        clear("");
        change(payload);
      }}
    />
  );
  return (
    <form
      ref={form}
      className="jf-form"
      part="form"
      noValidate
      aria-busy={isBusy || isWaiting}
      onSubmit={submit}
      onKeyDown={submitOnShortcut}
    >
      <FormErrorsProvider value={formErrors}>
        {showsAll && (
          <ErrorSummary
            errors={errors}
            onSelect={(pointer) => form.current && focusOn(form.current, pointer)}
          />
        )}
        {prepared === undefined && (
          <p className="jf-hint">This job's parameters cannot be shown as form fields. Edit them as JSON.</p>
        )}
        {isTooLarge && <p className="jf-hint">This payload is too large for form fields. Edit it as JSON.</p>}
        {prepared === undefined || start.asJson ? (
          text
        ) : (
          <ErrorBoundary fallback={text}>
            <FormUploadsProvider value={uploads}>
              <PayloadFields
                key={start.version}
                ref={fields}
                schema={prepared.schema}
                initial={start.payload}
                idPrefix={prefix}
                onChange={change}
              />
            </FormUploadsProvider>
          </ErrorBoundary>
        )}
      </FormErrorsProvider>
      {props.children}
      <p className="jf-hint" role="status" hidden={notice === ""}>
        {notice}
      </p>
      <div className="jf-bar">
        <button type="submit" className="jf-button jf-primary" part="submit" disabled={isBusy || isWaiting}>
          {submitLabel}
        </button>
        {prepared !== undefined && (
          <button
            type="button"
            className="jf-button jf-quiet"
            part="switch"
            aria-pressed={start.asJson}
            onClick={toggleJson}
          >
            Edit as JSON
          </button>
        )}
      </div>
    </form>
  );
};

/** A form that is generated from a job's schema. It is reset if the job or the schema changes. */
export const JobForm = (props: JobFormProps) => {
  const schemaText = useMemo(() => JSON.stringify(props.job.schema), [props.job.schema]);
  return <PayloadEditor key={`${props.job.full_name}\n${schemaText}`} {...props} schemaText={schemaText} />;
};
