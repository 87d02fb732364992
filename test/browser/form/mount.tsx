import "../../../web/no-eval.ts";
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

/** The milliseconds from the mount to the end of the frame that shows it; the form is gone afterwards. */
const timed = async (schema: JsonObject | undefined): Promise<number> => {
  const element = document.createElement("div");
  place().append(element);
  const own = createRoot(element);
  await painted();
  const begin = performance.now();
  const content =
    schema === undefined ? (
      <form>
        {Array.from({ length: 200 }, (_, index) => `Field ${index}`).map((name) => (
          <label key={name}>
            {name}
            <input defaultValue="text" />
          </label>
        ))}
      </form>
    ) : (
      <JobForm job={{ schema, full_name: `public:test:${begin}` }} onSubmit={() => {}} />
    );
  flushSync(() => own.render(content));
  await painted();
  const took = performance.now() - begin;
  own.unmount();
  element.remove();
  return took;
};

Object.assign(window, { form: { show, submitted, validated, timed } });
