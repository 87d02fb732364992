import "./form.css";
import "./form-groups.css";
import "./dashboard.css";

/** The form of a job with its styles, which are added to the page. */
export { JobForm, type JobFormProps } from "./payload-form.tsx";
