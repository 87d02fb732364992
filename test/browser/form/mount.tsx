import "../../../web/no-eval.ts";
import "./mount.css";
import { StrictMode } from "react";
import { flushSync } from "react-dom";
import { createRoot, type Root } from "react-dom/client";
import type { JsonObject } from "../../../protocol/json.ts";
import type { FieldError } from "../../../protocol/problem.ts";
import { JobForm } from "../../../web/form/job-form.tsx";

/**
 * The properties of the form on the page. `validationErrors` are the errors that the form's
 * `onValidate` returns.
 */
interface FormSetup {
  readonly schema: JsonObject;
  readonly initial?: JsonObject;
  readonly problems?: readonly FieldError[];
  readonly validationErrors?: readonly FieldError[];
}

let root: Root | undefined;
const submitted: JsonObject[] = [];
const validated: JsonObject[] = [];

let submitEvents = 0;
// This listener runs after the handlers of the form, because React listens on an element inside the
// document.
document.addEventListener("submit", () => {
  submitEvents += 1;
});

const getMain = () => {
  const main = document.querySelector("main");
  if (main === null) throw new Error("the page has no main");
  return main;
};

const show = ({ schema, initial, problems, validationErrors }: FormSetup): void => {
  root ??= createRoot(getMain());
  const form = (
    <StrictMode>
      <JobForm
        job={{ schema, full_name: "public:test:Form" }}
        initial={initial}
        problems={problems}
        onSubmit={(payload) => submitted.push(payload)}
        onValidate={async (payload) => {
          validated.push(payload);
          return validationErrors ?? [];
        }}
      />
    </StrictMode>
  );
  // Renders synchronously. React could skip a form that is replaced before an asynchronous render,
  // and the next form would then keep the values that were typed into the previous form.
  flushSync(() => root?.render(form));
};

const waitForPaint = () =>
  new Promise<void>((resolve) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    }),
  );

const renderPlainInputs = () => (
  <form>
    {Array.from({ length: 200 }, (_, index) => `Field ${index}`).map((name) => (
      <label key={name}>
        {name}
        <input defaultValue="text" />
      </label>
    ))}
  </form>
);

let measuredRoot: Root | undefined;

/**
 * Measures the milliseconds from a form's mount to the end of the frame that shows it. Without a
 * schema, measures plain inputs.
 */
const measure = async (text: string | undefined): Promise<number> => {
  const element = document.createElement("div");
  getMain().append(element);
  measuredRoot = createRoot(element);
  const name = `public:test:${performance.now()}`;
  const schema: JsonObject = JSON.parse(text ?? "{}");
  await waitForPaint();
  performance.mark("mount");
  flushSync(() =>
    measuredRoot?.render(
      text === undefined ? (
        renderPlainInputs()
      ) : (
        <JobForm job={{ schema, full_name: name }} onSubmit={() => {}} />
      ),
    ),
  );
  await waitForPaint();
  performance.mark("painted");
  return performance.measure("form", "mount", "painted").duration;
};

const unmount = (): void => {
  measuredRoot?.unmount();
  getMain().replaceChildren();
};

// Takes JSON text, because passing a large object to the page would keep the page busy.
const showText = (text: string) => show(JSON.parse(text));

const countSubmitEvents = () => submitEvents;

Object.assign(window, {
  form: { show: showText, submitted, validated, countSubmitEvents, measure, unmount },
});
