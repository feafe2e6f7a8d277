/**
 * What can go wrong, as kinds. Domain code throws an EngineError of a kind and names no status code;
 * http-status.ts maps kinds to HTTP in one table (after containerd's errdefs).
 */
export type ErrorKind =
  | 'not-found'
  | 'conflict'
  | 'invalid'
  | 'not-modified'
  | 'unauthorized'
  | 'forbidden'
  | 'unavailable'
  | 'not-implemented'
  | 'too-large'
  | 'system';

/** An error with a kind. The message is lower case, without a full stop, and names its object. */
export class EngineError extends Error {
  readonly kind: ErrorKind;
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.kind = kind;
  }
}

export const notFound = (message: string, options?: ErrorOptions) => new EngineError('not-found', message, options);
export const conflict = (message: string, options?: ErrorOptions) => new EngineError('conflict', message, options);
export const invalid = (message: string, options?: ErrorOptions) => new EngineError('invalid', message, options);
export const notModified = (message: string) => new EngineError('not-modified', message);
export const forbidden = (message: string) => new EngineError('forbidden', message);
export const unavailable = (message: string, options?: ErrorOptions) =>
  new EngineError('unavailable', message, options);
export const notImplemented = (message: string) => new EngineError('not-implemented', message);

/** A system call that failed: keeps syscall, path and errno apart from the sentence. */
export class SystemError extends EngineError {
  readonly syscall: string;
  readonly path: string | undefined;
  /** The symbolic errno: "ENOENT". */
  readonly code: string;
  constructor(syscall: string, code: string, path?: string, options?: ErrorOptions) {
    super('system', `${syscall}${path ? ` ${path}` : ''}: ${code}`, options);
    this.name = 'SystemError';
    this.syscall = syscall;
    this.path = path;
    this.code = code;
  }
}

/** Puts the caller's context before an error's message and keeps its kind: `start container "web": ...`. */
export function within(context: string, error: unknown): EngineError {
  if (error instanceof EngineError)
    return new EngineError(error.kind, `${context}: ${error.message}`, { cause: error });
  return new EngineError('system', `${context}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}
