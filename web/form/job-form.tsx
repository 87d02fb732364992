import "./form.css";
import "./form-groups.css";
import "./dashboard.css";

/** The form of a job. Its styles are added to the page. */
export { JobForm, type JobFormProps } from "./payload-form.tsx";
