import { refusal } from '../../api/engine.js';
import { ApiError } from '../../api/errors.js';
import { Failure } from '../../errors.js';

/** A refusal by the daemon or a mistake on the command line as `run` and `create` show it. Other errors stay as they are. */
export function withHelp(error: unknown, path: string, exitCode: number): unknown {
  if (!(error instanceof ApiError) && !(error instanceof Failure)) return error;
  const message = error instanceof ApiError ? refusal(error) : error.message;
  return new Failure(`tdctl: ${message}\n\nRun 'tdctl ${path} --help' for more information`, exitCode);
}
