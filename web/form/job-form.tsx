import "./form.css";
import "./form-groups.css";
import "./dashboard.css";

/** Exports the form of a job. Importing this module also adds the form's styles to the page. */
export { JobForm, type JobFormProps } from "./payload-form.tsx";
