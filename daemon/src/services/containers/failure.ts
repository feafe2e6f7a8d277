import { getSystemErrorMap } from 'node:util';
import { EngineError, type ErrorKind, SystemError } from '@tinydocker/shared/errors.js';
import { ShimFailure } from '../../runtime/channel.js';

const MORE_TEXTS: readonly [code: string, text: string][] = [
  // Linux has one number for both names, and libuv the other one.
  ['EOPNOTSUPP', 'operation not supported'],
  // Of a bridge alone (BR_MAX_PORTS of the kernel).
  ['EXFULL', 'it has 1023 ports, which is all that a bridge can have: use another network as well'],
];

let texts: Map<string, string> | undefined;

/** "no space left on device (ENOSPC)" of a symbolic errno. */
export function errnoText(code: string): string {
  texts ??= new Map([...getSystemErrorMap().values(), ...MORE_TEXTS]);
  const text = texts.get(code);
  return text === undefined ? code : `${text} (${code})`;
}

const NOT_FOUND = 'executable file not found in $PATH';

/** The sentence of a shim's failure: the step, the object, the reason. */
function shimSentence(failure: ShimFailure): string {
  const sentence = failure.step ? `${failure.step}: ${failure.message}` : failure.message;
  // From these words clients derive the exit code 127: nothing needs to be added to them.
  if (sentence.includes(NOT_FOUND)) return sentence;
  const reason = failure.errno ? errnoText(failure.errno) : '';
  return reason && !sentence.includes(reason) ? `${sentence}: ${reason}` : sentence;
}

/** Steps in which a path of the request's own meets the files of image and host. The root's layers are not of the request. */
const aboutRequestedPath = ({ step, message }: ShimFailure): boolean =>
  ['chdir', 'mkdir', 'mountpoint'].includes(step) || (step === 'mount' && !message.includes('overlay'));

/** The exit code that Docker gives to a start that failed so. */
function exitCodeOf(failure: ShimFailure): number {
  const missing = failure.errno === 'ENOENT' || failure.errno === 'ENOTDIR';
  return failure.exitCode === 128 && missing && aboutRequestedPath(failure) ? 127 : failure.exitCode;
}

/** Errors that say nothing of the request. */
const HOST_TROUBLE = ['EIO', 'ENOMEM', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'EAGAIN'];

/** Why a process could not be started: the sentence without its context, the exit code to report, the kind of error. */
export function describeFailure(error: unknown): { message: string; exitCode: number; kind: ErrorKind } {
  if (error instanceof ShimFailure) {
    const exitCode = exitCodeOf(error);
    const requested = (exitCode === 126 || exitCode === 127) && !HOST_TROUBLE.includes(error.errno);
    return { message: shimSentence(error), exitCode, kind: requested ? 'invalid' : 'system' };
  }
  if (error instanceof SystemError) {
    const object = error.path ? ` ${error.path}` : '';
    return { message: `${error.syscall}${object}: ${errnoText(error.code)}`, exitCode: 128, kind: 'system' };
  }
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  if (syscall && code) {
    return { message: `${syscall}${path ? ` ${path}` : ''}: ${errnoText(code)}`, exitCode: 128, kind: 'system' };
  }
  const kind =
    error instanceof EngineError && ['invalid', 'conflict', 'not-found', 'forbidden'].includes(error.kind)
      ? error.kind
      : 'system';
  return { message: error instanceof Error ? error.message : String(error), exitCode: 128, kind };
}
