const KEY = "joblib-token";

const listeners = new Set<() => void>();
const tell = () => {
  for (const listener of listeners) listener();
};

const read = (): string | undefined => {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // A browser may forbid it; then the token lives as long as the page.
    return undefined;
  }
};

let token = read();
let isAsked = false;

const keep = (next: string | undefined) => {
  try {
    if (next === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // As above.
  }
};

/** The bearer token of this tab: never a cookie, never longer than the tab, and asked for when the server wants one. */
export const tokens = {
  get current(): string | undefined {
    return token;
  },
  /** True from a 401 until the next token is given. */
  get isAsked(): boolean {
    return isAsked;
  },
  use(next: string | undefined): void {
    token = next;
    isAsked = false;
    keep(next);
    tell();
  },
  /** The server refused this one; who sent an older one has nothing to say of it. */
  refused(sent: string | undefined): void {
    if (isAsked || sent !== token) return;
    isAsked = true;
    tell();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** The headers that say who asks. */
export const credentials = (): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
