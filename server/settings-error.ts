/** A setting that cannot be used; its message is one line that names it. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message.replace(/\s*\n\s*/g, " "));
    this.name = "SettingsError";
  }
}
