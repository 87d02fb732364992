import "../../../web/no-eval.ts";
import "./mount.css";
import { StrictMode } from "react";
import { flushSync } from "react-dom";
import { createRoot, type Root } from "react-dom/client";
import type { JsonObject } from "../../../protocol/json.ts";
import type { FieldError } from "../../../protocol/problem.ts";
import { JobForm } from "../../../web/form/job-form.tsx";

/** What a test says of the form that it wants to see. */
interface Wanted {
  readonly schema: JsonObject;
  readonly initial?: JsonObject;
  readonly problems?: readonly FieldError[];
  readonly faults?: readonly FieldError[];
}

let root: Root | undefined;
const submitted: JsonObject[] = [];
const validated: JsonObject[] = [];

const place = () => {
  const found = document.querySelector("main");
  if (found === null) throw new Error("the page has no main");
  return found;
};

const show = ({ schema, initial, problems, faults }: Wanted): void => {
  root ??= createRoot(place());
  root.render(
    <StrictMode>
      <JobForm
        job={{ schema, full_name: "public:test:Form" }}
        initial={initial}
        problems={problems}
        onSubmit={(payload) => submitted.push(payload)}
        onValidate={async (payload) => {
          validated.push(payload);
          return faults ?? [];
        }}
      />
    </StrictMode>,
  );
};

const painted = () =>
  new Promise<void>((resolve) =>
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => resolve();
      port2.postMessage(undefined);
    }),
  );

const bareInputs = () => (
  <form>
    {Array.from({ length: 200 }, (_, index) => `Field ${index}`).map((name) => (
      <label key={name}>
        {name}
        <input defaultValue="text" />
      </label>
    ))}
  </form>
);

let timedRoot: Root | undefined;

/** The milliseconds from a form's mount to the end of the frame that shows it; of bare inputs where there is no schema. */
const timed = async (text: string | undefined): Promise<number> => {
  const element = document.createElement("div");
  place().append(element);
  timedRoot = createRoot(element);
  const name = `public:test:${performance.now()}`;
  const schema: JsonObject = JSON.parse(text ?? "{}");
  await painted();
  performance.mark("mount");
  flushSync(() =>
    timedRoot?.render(
      text === undefined ? bareInputs() : <JobForm job={{ schema, full_name: name }} onSubmit={() => {}} />,
    ),
  );
  await painted();
  performance.mark("painted");
  return performance.measure("form", "mount", "painted").duration;
};

const untime = (): void => {
  timedRoot?.unmount();
  place().replaceChildren();
};

// As text: a page that is handed a large document part by part would be busy with that.
const showText = (text: string) => show(JSON.parse(text));

Object.assign(window, { form: { show: showText, submitted, validated, timed, untime } });
