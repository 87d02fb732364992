import "./form.css";
import "./form-groups.css";
import "./dashboard.css";

/** A job's form as the dashboard has it: with its styles on the page. */
export { JobForm, type JobFormProps } from "./payload-form.tsx";
