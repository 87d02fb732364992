const KEY = "joblib-token";

const listeners = new Set<() => void>();
const notify = () => {
  for (const listener of listeners) listener();
};

const read = (): string | undefined => {
  try {
    return sessionStorage.getItem(KEY) ?? undefined;
  } catch {
    // If the browser denies access to the storage, the token is kept only until the page is closed.
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
    // If the browser denies access to the storage, the token is kept only until the page is closed.
  }
};

/**
 * The bearer token of this browser tab. The user enters it after a 401, and it is kept until the
 * tab is closed. It is never stored in a cookie.
 */
export const tokens = {
  get current(): string | undefined {
    return token;
  },
  /** True after a 401 until the user enters a token. */
  get isRequired(): boolean {
    return isRequired;
  },
  use(next: string | undefined): void {
    token = next;
    isRequired = false;
    store(next);
    notify();
  },
  /** Records a 401. Ignores a 401 for a request that was sent with an older token. */
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
