import { useState } from "react";
import { queryClient } from "../api/queries.ts";
import { tokens } from "../api/token.ts";
import { useIsTokenAsked, useToken } from "../api/use-token.ts";
import { CommandLine } from "../design/copy.tsx";
import { Dialog } from "../design/dialog.tsx";

/** Asks for a token when the server wants one. */
export const TokenPrompt = () => {
  const isAsked = useIsTokenAsked();
  const token = useToken();
  const [text, setText] = useState("");
  if (!isAsked) return null;
  const use = () => {
    tokens.use(text.trim());
    setText("");
    void queryClient.invalidateQueries();
  };
  return (
    <Dialog title={token === undefined ? "Who are you?" : "That token is not accepted"}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") use();
        }}
      >
        <p className="quiet">
          {token === undefined
            ? "This server wants a token."
            : "It is not valid here, or no longer. Another one, please."}{" "}
          It stays in this tab and is forgotten when you close it.
        </p>
        <div className="field">
          <label htmlFor="token">Token</label>
          <input
            id="token"
            className="input mono"
            type="password"
            autoComplete="off"
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
            placeholder="eyJhbGciOi…"
          />
          <p className="field-hint">Who runs the server makes one:</p>
          <CommandLine>npx joblib token create --sub ada --rooms lab --expires 1d</CommandLine>
        </div>
        <div className="dialog-actions">
          <button type="submit" className="button button-primary" disabled={text.trim() === ""}>
            Go on
          </button>
        </div>
      </form>
    </Dialog>
  );
};
