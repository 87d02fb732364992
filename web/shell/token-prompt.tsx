import { useState } from "react";
import { queryClient } from "../api/queries.ts";
import { tokens } from "../api/token.ts";
import { useIsTokenRequired, useToken } from "../api/use-token.ts";
import { CommandLine } from "../design/copy.tsx";
import { Dialog } from "../design/dialog.tsx";

/** Asks for a token if the server requires one. */
export const TokenPrompt = () => {
  const isRequired = useIsTokenRequired();
  const token = useToken();
  const [text, setText] = useState("");
  if (!isRequired) return null;
  const use = () => {
    tokens.use(text.trim());
    setText("");
    void queryClient.invalidateQueries();
  };
  return (
    <Dialog title={token === undefined ? "Enter a token" : "Token not accepted"}>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== "") use();
        }}
      >
        <p className="quiet">
          {token === undefined
            ? "This server requires a token."
            : "The token is invalid or has expired. Enter another one."}{" "}
          It is kept in this tab until you close it.
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
          <p className="field-hint">Create a token on the server:</p>
          <CommandLine>npx joblib token create --sub ada --rooms lab --expires 1d</CommandLine>
        </div>
        <div className="dialog-actions">
          <button type="submit" className="button button-primary" disabled={text.trim() === ""}>
            Continue
          </button>
        </div>
      </form>
    </Dialog>
  );
};
