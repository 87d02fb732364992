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
import type { Job } from "../../protocol/job.ts";
import type { JsonObject } from "../../protocol/json.ts";
import type { FieldError } from "../../protocol/problem.ts";
import { SchemaDefaults } from "../../protocol/schema/schema-defaults.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { ErrorSummary } from "./error-summary.tsx";
import { findFirst, focusOn } from "./focus.ts";
import { FormErrorsProvider } from "./form-errors.ts";
import { orderLike } from "./order-like.ts";
import { type FormHandle, PayloadFields } from "./payload-fields.tsx";
import { PayloadText } from "./payload-text.tsx";
import { type FormSchema, isJsonObject } from "./schema/form-schema.ts";
import { prepareSchema } from "./schema/prepare-schema.ts";
import { isRenderable } from "./schema/renderable.ts";
import { useValidation } from "./use-validation.ts";

/** What a job's form is made from. */
export interface JobFormProps {
  readonly job: Pick<Job, "schema" | "full_name">;
  /** What the fields hold at first; defaults fill the rest. */
  readonly initial?: JsonObject | undefined;
  /** What the server refused in the last submit; pointers begin at the payload. */
  readonly problems?: readonly FieldError[] | undefined;
  readonly onSubmit: (payload: JsonObject) => void;
  readonly isBusy?: boolean | undefined;
  /** Asks the server while the payload is edited. */
  readonly onValidate?: ((payload: JsonObject) => Promise<readonly FieldError[]>) | undefined;
  readonly submitLabel?: string | undefined;
  /** What stands between the fields and the button. */
  readonly children?: ReactNode;
}

const EMPTY_PAYLOAD: JsonObject = {};

/** Fields are for what somebody types; the library takes seconds over the coordinates of a protein. */
const MAX_FIELD_CHARACTERS = 100_000;

const isLarge = (payload: JsonObject): boolean => JSON.stringify(payload).length > MAX_FIELD_CHARACTERS;

/** Returns what is sent: the values of the fields, without those that are left out. */
const toPayload = (payload: unknown): JsonObject => {
  const plain: unknown = JSON.parse(JSON.stringify(payload ?? {}));
  return isJsonObject(plain) ? plain : {};
};

interface PreparedForm {
  readonly schema: FormSchema;
  /** Returns a payload with the defaults of what it lacks; without one, what the form begins with. */
  readonly createInitialValue: (payload: JsonObject | undefined) => JsonObject;
}

const prepareForm = (text: string): PreparedForm | undefined => {
  const given: JsonObject = JSON.parse(text);
  const schema = prepareSchema(given);
  const isForm = schema.type === "object" || schema.anyOf !== undefined || schema.oneOf !== undefined;
  if (!isForm || !isRenderable(schema)) return undefined;
  const defaults = new SchemaDefaults(given);
  const begin = (payload: JsonObject | undefined) => {
    const begun = defaults.createInitialValue(given, payload);
    return isJsonObject(begun) ? begun : (payload ?? EMPTY_PAYLOAD);
  };
  return { schema, createInitialValue: begin };
};

/** Text that stands in a field and not in the payload: it is no JSON, no number, or too large a number. */
const findUnsentField = (form: HTMLFormElement): HTMLInputElement | HTMLTextAreaElement | undefined =>
  [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input, textarea")].find(
    ({ dataset, validity }) => dataset["unsent"] !== undefined || validity.badInput,
  );

const PayloadEditor = ({ schemaText, ...props }: JobFormProps & { schemaText: string }) => {
  const { initial, problems, onSubmit, isBusy = false, onValidate, submitLabel = "Run" } = props;
  const prefix = useId();
  const form = useRef<HTMLFormElement>(null);
  const holder = useRef<FormHandle>(null);
  const drawn = useMemo(() => prepareForm(schemaText), [schemaText]);
  const [start, setStart] = useState(() => {
    const asJson = initial !== undefined && isLarge(initial);
    const payload =
      asJson || drawn === undefined ? (initial ?? EMPTY_PAYLOAD) : drawn.createInitialValue(initial);
    return { turn: 0, payload, asJson };
  });
  const [isTooLarge, setTooLarge] = useState(start.asJson);
  const written = useRef(start.payload);
  const [hasSubmitted, setSubmitted] = useState(false);
  const { faults, ask, forget } = useValidation(problems, onValidate);
  const isRefused = (problems?.length ?? 0) > 0;
  const showsAll = hasSubmitted || isRefused;

  const payloadNow = useCallback((): JsonObject => {
    if (holder.current === null) return written.current;
    // The library puts the schema's members first.
    return orderLike(start.payload, toPayload(holder.current.state.formData));
  }, [start]);
  // The library tells of the defaults that it fills in before anybody has seen the form; nobody is asked about those.
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
  }, []);
  const change = useCallback(
    (payload: unknown) => {
      if (isShown.current) ask(toPayload(payload));
    },
    [ask],
  );
  const view = useMemo(() => ({ faults, showsAll, edited: forget }), [faults, showsAll, forget]);

  const given = JSON.stringify(problems ?? []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus goes to what was refused just now, and once
  useEffect(() => {
    const pointers = (problems ?? []).map(({ pointer }) => pointer);
    const first = form.current === null ? undefined : findFirst(form.current, pointers);
    if (form.current !== null && first !== undefined) focusOn(form.current, first);
  }, [given]);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    setSubmitted(true);
    if (event.currentTarget.checkValidity()) return onSubmit(payloadNow());
    event.currentTarget.querySelector<HTMLElement>(":invalid:not(fieldset)")?.focus();
  };
  const hasten = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current?.requestSubmit();
  };
  const switchOver = () => {
    const unsent = form.current === null ? undefined : findUnsentField(form.current);
    if (unsent !== undefined) {
      // The field shows its complaint on this event.
      unsent.checkValidity();
      unsent.focus();
      return;
    }
    const payload = payloadNow();
    written.current = payload;
    const isLeased = start.asJson && isLarge(payload);
    setTooLarge(isLeased);
    if (isLeased) return;
    const next = start.asJson && drawn !== undefined ? drawn.createInitialValue(payload) : payload;
    setStart({ turn: start.turn + 1, payload: next, asJson: !start.asJson });
  };

  const text = (
    <PayloadText
      key={start.turn}
      initial={start.payload}
      onChange={(payload) => {
        written.current = payload;
        forget("");
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
      aria-busy={isBusy}
      onSubmit={submit}
      onKeyDown={hasten}
    >
      <FormErrorsProvider value={view}>
        {showsAll && (
          <ErrorSummary
            faults={faults}
            onChoose={(pointer) => form.current && focusOn(form.current, pointer)}
          />
        )}
        {drawn === undefined && <p className="jf-hint">Fields cannot be drawn for this job's parameters.</p>}
        {isTooLarge && <p className="jf-hint">This payload is too large for fields.</p>}
        {drawn === undefined || start.asJson ? (
          text
        ) : (
          <ErrorBoundary instead={text}>
            <PayloadFields
              key={start.turn}
              ref={holder}
              schema={drawn.schema}
              initial={start.payload}
              idPrefix={prefix}
              onChange={change}
            />
          </ErrorBoundary>
        )}
      </FormErrorsProvider>
      {props.children}
      <div className="jf-bar">
        <button type="submit" className="jf-button jf-primary" part="submit" disabled={isBusy}>
          {submitLabel}
        </button>
        {drawn !== undefined && (
          <button
            type="button"
            className="jf-button jf-quiet"
            part="switch"
            aria-pressed={start.asJson}
            onClick={switchOver}
          >
            Edit as JSON
          </button>
        )}
      </div>
    </form>
  );
};

/** A job's form, drawn from its schema; another job, or another schema of the same one, begins it anew. */
export const JobForm = (props: JobFormProps) => {
  const schemaText = useMemo(() => JSON.stringify(props.job.schema), [props.job.schema]);
  return <PayloadEditor key={`${props.job.full_name}\n${schemaText}`} {...props} schemaText={schemaText} />;
};
