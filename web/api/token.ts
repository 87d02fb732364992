const KEY = "joblib-token";

const listeners = new Set<() => void>();
const notify = () => {
  for (const listener of listeners) listener();
};

const read = (): string | undefined => {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // The browser may deny access; then the token is kept until the page is closed.
    return undefined;
  }
};

let token = read();
let isRequired = false;

const store = (next: string | undefined) => {
  try {
    if (next === undefined) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // Storage is denied: see above.
  }
};

/** The bearer token of this tab. It is never a cookie, lives as long as the tab, and is requested after a 401. */
export const tokens = {
  get current(): string | undefined {
    return token;
  },
  /** True from a 401 until a token is entered. */
  get isRequired(): boolean {
    return isRequired;
  },
  use(next: string | undefined): void {
    token = next;
    isRequired = false;
    store(next);
    notify();
  },
  /** Records a 401. A response to an older token is ignored. */
  reject(sent: string | undefined): void {
    if (isRequired || sent !== token) return;
    isRequired = true;
    notify();
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};

/** Returns the headers that authenticate the caller. */
export const credentials = (): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };
