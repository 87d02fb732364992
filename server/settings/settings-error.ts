/** Thrown for a setting that cannot be used. The message is one line and names the setting. */
export class SettingsError extends Error {
  constructor(message: string) {
    super(message.replace(/\s*\n\s*/g, " "));
    this.name = "SettingsError";
  }
}
