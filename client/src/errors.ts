/** The command line cannot be understood. Shown with the usage of the command; exit code 125 as Docker's. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A wrong number of arguments: Docker words it with the command's path and exits with 1. */
export class ArgumentCountError extends Error {
  override readonly name = 'ArgumentCountError';
}

/** Ends a command with a message and an exit code of its own. The message is printed as it is. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;
  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What to print of something thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
