import { useRef, useState } from "react";
import { CheckIcon, CopyIcon } from "./icons.tsx";

/** Copies a text to the clipboard and briefly confirms the copy. */
export const CopyButton = ({ text, what }: { readonly text: string; readonly what: string }) => {
  const [isDone, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), 2000);
  };
  return (
    <button type="button" className="copy" onClick={() => void copy()} title={`Copy ${what}`}>
      {isDone ? <CheckIcon /> : <CopyIcon />}
      <span className="visually-hidden" aria-live="polite">
        {isDone ? "Copied" : `Copy ${what}`}
      </span>
    </button>
  );
};

/** Shows a terminal command with a copy button. */
export const CommandLine = ({ children }: { readonly children: string }) => (
  <span className="command">
    <code>{children}</code>
    <CopyButton text={children} what="the command" />
  </span>
);
