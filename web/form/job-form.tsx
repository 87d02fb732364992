import "./styles/form.css";
import "./styles/form-groups.css";
import "./styles/form-files.css";
import "./styles/dashboard.css";

/** Exports the form of a job. Importing this module also adds the form's styles to the page. */
export { JobForm, type JobFormProps } from "./payload/payload-form.tsx";
