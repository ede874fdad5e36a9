/** The database cannot be used as it is. The message is one line that tells the operator (or the DBA) what to do. */
export class DatabaseSetupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseSetupError";
  }
}
