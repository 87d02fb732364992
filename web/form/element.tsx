import "../no-eval.ts";
import { StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import type { JsonObject } from "../../protocol/json.ts";
import type { Task } from "../../protocol/task.ts";
import valueStyles from "../styles/values.css?inline";
import { createApiServer, type GetToken } from "./element/create-api-server.ts";
import elementStyles from "./element/element.css?inline";
import type { FormConfig, JoblibFormEvents } from "./element/events.ts";
import { JobPanel } from "./element/job-panel.tsx";
import formStyles from "./form.css?inline";
import groupStyles from "./form-groups.css?inline";
import { parsePayload } from "./payload-text.tsx";

const createStyleSheet = (text: string): CSSStyleSheet => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};

// Sheets that a script makes are no inline styles: `style-src 'self'` lets them be.
const STYLE_SHEETS = [formStyles, groupStyles, valueStyles, elementStyles].map(createStyleSheet);

const TAG = "joblib-form";

/** `<joblib-form server="…/api" room="lab" job="public:modifiers:Rotate">`: a job's form, and the task that comes of it. */
export class JoblibFormElement extends HTMLElement {
  static readonly observedAttributes = ["server", "room", "job", "token", "initial", "submit-label"];

  #root: Root | undefined;
  #getToken: GetToken | undefined;
  #initial: JsonObject | undefined;
  #task: Task | undefined;
  #server = "";
  #home = createApiServer("", () => this.#token());
  #turn = 0;

  /** Gives the token for each request; without it the attribute `token` counts. */
  get getToken(): GetToken | undefined {
    return this.#getToken;
  }

  set getToken(give: GetToken | undefined) {
    this.#getToken = give;
    this.#turn += 1;
    this.#draw();
  }

  /** What the fields hold at first, as the attribute `initial` says it in JSON. */
  get initial(): JsonObject | undefined {
    if (this.#initial !== undefined) return this.#initial;
    const text = this.getAttribute("initial");
    const read = text === null ? undefined : parsePayload(text);
    return read !== undefined && "payload" in read ? read.payload : undefined;
  }

  set initial(payload: JsonObject | undefined) {
    this.#initial = payload;
    this.#draw();
  }

  /** The task of the last submit, as it stands. */
  get task(): Task | undefined {
    return this.#task;
  }

  connectedCallback(): void {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = STYLE_SHEETS;
    const [place = document.createElement("div")] = shadow.children;
    place.className = "joblib";
    if (!place.isConnected) shadow.append(place);
    this.#root ??= createRoot(place);
    this.#draw();
  }

  disconnectedCallback(): void {
    // Who moves an element takes it out first, and has put it elsewhere by then.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#root?.unmount();
      this.#root = undefined;
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "token") this.#turn += 1;
    this.#draw();
  }

  async #token(): Promise<string | undefined> {
    return this.#getToken === undefined ? (this.getAttribute("token") ?? undefined) : await this.#getToken();
  }

  readonly #tell = <Name extends keyof JoblibFormEvents>(
    name: Name,
    detail: JoblibFormEvents[Name],
  ): boolean => {
    if ("task" in detail && detail.task !== undefined) this.#task = detail.task;
    return this.dispatchEvent(
      new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  };

  #place(): FormConfig {
    const [server = "", room = "", job = ""] = ["server", "room", "job"].map(
      (name) => this.getAttribute(name) ?? "",
    );
    return {
      server,
      room,
      job,
      initial: this.initial,
      turn: this.#turn,
      submitLabel: this.getAttribute("submit-label") ?? undefined,
    };
  }

  #draw(): void {
    if (this.#root === undefined) return;
    const place = this.#place();
    if (place.server !== this.#server) {
      this.#server = place.server;
      this.#home = createApiServer(place.server, () => this.#token());
    }
    const isWhole = place.room !== "" && place.job !== "";
    this.#root.render(
      <StrictMode>
        {isWhole ? (
          <JobPanel
            key={`${place.server}\n${place.room}\n${place.job}`}
            place={place}
            home={this.#home}
            tell={this.#tell}
          />
        ) : (
          <p role="alert">
            {"<joblib-form>"} needs the attributes <code>room</code> and <code>job</code>.
          </p>
        )}
      </StrictMode>,
    );
  }
}

if (customElements.get(TAG) === undefined) customElements.define(TAG, JoblibFormElement);

declare global {
  interface HTMLElementTagNameMap {
    "joblib-form": JoblibFormElement;
  }
  interface HTMLElementEventMap {
    "joblib-submit": CustomEvent<JoblibFormEvents["joblib-submit"]>;
    "joblib-update": CustomEvent<JoblibFormEvents["joblib-update"]>;
    "joblib-result": CustomEvent<JoblibFormEvents["joblib-result"]>;
    "joblib-error": CustomEvent<JoblibFormEvents["joblib-error"]>;
  }
}
