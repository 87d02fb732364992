import "../no-eval.ts";
import { StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import type { JsonObject } from "../../protocol/json.ts";
import type { Task } from "../../protocol/tasks/task.ts";
import valueStyles from "../styles/values.css?inline";
import { createApiServer, type GetToken } from "./element/create-api-server.ts";
import elementStyles from "./element/element.css?inline";
import type { FormConfig, JoblibFormEvents } from "./element/events.ts";
import { JobPanel } from "./element/job-panel.tsx";
import { parsePayload } from "./payload/payload-text.tsx";
import formStyles from "./styles/form.css?inline";
import fileStyles from "./styles/form-files.css?inline";
import groupStyles from "./styles/form-groups.css?inline";

const createStyleSheet = (text: string): CSSStyleSheet => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
};

// Constructed style sheets are used, because the Content-Security-Policy `style-src 'self'` allows
// them, but blocks inline styles.
const STYLE_SHEETS = [formStyles, groupStyles, fileStyles, valueStyles, elementStyles].map(createStyleSheet);

const TAG = "joblib-form";

/**
 * A custom element that shows the form of a job, and the task of the last submit. Example:
 * `<joblib-form server="…/api" room="lab" job="public:modifiers:Rotate">`.
 */
export class JoblibFormElement extends HTMLElement {
  static readonly observedAttributes = ["server", "room", "job", "token", "initial", "submit-label"];

  #root: Root | undefined;
  #getToken: GetToken | undefined;
  #initial: JsonObject | undefined;
  #task: Task | undefined;
  #serverUrl = "";
  #server = createApiServer("", () => this.#readToken());
  #tokenVersion = 0;

  /** Called before each request to get a token. If undefined, the attribute `token` is used. */
  get getToken(): GetToken | undefined {
    return this.#getToken;
  }

  set getToken(getToken: GetToken | undefined) {
    this.#getToken = getToken;
    this.#tokenVersion += 1;
    this.#render();
  }

  /** The initial payload. Default: the JSON in the attribute `initial`. */
  get initial(): JsonObject | undefined {
    if (this.#initial !== undefined) return this.#initial;
    const text = this.getAttribute("initial");
    const parsed = text === null ? undefined : parsePayload(text);
    return parsed !== undefined && "payload" in parsed ? parsed.payload : undefined;
  }

  set initial(payload: JsonObject | undefined) {
    this.#initial = payload;
    this.#render();
  }

  /** The last submitted task in its current state. */
  get task(): Task | undefined {
    return this.#task;
  }

  connectedCallback(): void {
    const shadow = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = STYLE_SHEETS;
    const [container = document.createElement("div")] = shadow.children;
    container.className = "joblib";
    if (!container.isConnected) shadow.append(container);
    this.#root ??= createRoot(container);
    this.#render();
  }

  disconnectedCallback(): void {
    // If the page moves the element, the browser disconnects and reconnects it. The microtask runs
    // after both, so that a moved element keeps its form.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#root?.unmount();
      this.#root = undefined;
    });
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    if (before === after) return;
    if (name === "token") this.#tokenVersion += 1;
    this.#render();
  }

  async #readToken(): Promise<string | undefined> {
    return this.#getToken === undefined ? (this.getAttribute("token") ?? undefined) : await this.#getToken();
  }

  readonly #dispatch = <Name extends keyof JoblibFormEvents>(
    name: Name,
    detail: JoblibFormEvents[Name],
  ): boolean => {
    if ("task" in detail && detail.task !== undefined) this.#task = detail.task;
    return this.dispatchEvent(
      new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  };

  #readConfig(): FormConfig {
    const [server = "", room = "", job = ""] = ["server", "room", "job"].map(
      (name) => this.getAttribute(name) ?? "",
    );
    return {
      server,
      room,
      job,
      initial: this.initial,
      tokenVersion: this.#tokenVersion,
      submitLabel: this.getAttribute("submit-label") ?? undefined,
    };
  }

  #render(): void {
    if (this.#root === undefined) return;
    const config = this.#readConfig();
    if (config.server !== this.#serverUrl) {
      this.#serverUrl = config.server;
      this.#server = createApiServer(config.server, () => this.#readToken());
    }
    const isComplete = config.room !== "" && config.job !== "";
    this.#root.render(
      <StrictMode>
        {isComplete ? (
          <JobPanel
            key={`${config.server}\n${config.room}\n${config.job}`}
            config={config}
            server={this.#server}
            dispatch={this.#dispatch}
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
