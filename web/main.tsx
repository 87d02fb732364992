import "./no-eval.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/parts.css";
import "./styles/task-parts.css";
import "./styles/shell.css";
import "./styles/values.css";
import "./styles/timeline.css";
import "./styles/pages.css";
import "./styles/tasks.css";
import "./styles/health.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
