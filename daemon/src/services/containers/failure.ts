import { getSystemErrorMap } from 'node:util';
import { EngineError, SystemError } from '@tinydocker/shared/errors.js';
import { ShimFailure } from '../../runtime/channel.js';

let texts: Map<string, string> | undefined;

/** "no space left on device (ENOSPC)" of a symbolic errno. */
export function errnoText(code: string): string {
  texts ??= new Map([...getSystemErrorMap().values()]);
  const text = texts.get(code);
  return text === undefined ? code : `${text} (${code})`;
}

const NOT_FOUND = 'executable file not found in $PATH';

/** The sentence of a shim's failure: the step, the object, the reason. */
function shimSentence(failure: ShimFailure): string {
  const reason = failure.errno ? errnoText(failure.errno) : '';
  const sentence = `${failure.step}: ${failure.message}`;
  // What clients derive the exit codes 127 and 126 from.
  if (failure.step === 'exec' && failure.exitCode === 127) {
    return sentence.includes(NOT_FOUND) ? sentence : `${sentence}: ${NOT_FOUND}`;
  }
  if (failure.step === 'exec' && failure.exitCode === 126 && !sentence.includes('permission denied')) {
    return `${sentence}: ${failure.errno === 'EACCES' ? reason : `${reason}: permission denied`}`;
  }
  return reason && !sentence.includes(reason) ? `${sentence}: ${reason}` : sentence;
}

/** Why a process could not be started: the sentence without its context, the exit code to report, the kind of error. */
export function describeFailure(error: unknown): { message: string; exitCode: number; kind: 'invalid' | 'system' } {
  if (error instanceof ShimFailure) {
    const usersFault = error.exitCode === 126 || error.exitCode === 127;
    return { message: shimSentence(error), exitCode: error.exitCode, kind: usersFault ? 'invalid' : 'system' };
  }
  if (error instanceof SystemError) {
    const object = error.path ? ` ${error.path}` : '';
    return { message: `${error.syscall}${object}: ${errnoText(error.code)}`, exitCode: 128, kind: 'system' };
  }
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  if (syscall && code) {
    return { message: `${syscall}${path ? ` ${path}` : ''}: ${errnoText(code)}`, exitCode: 128, kind: 'system' };
  }
  const kind = error instanceof EngineError && error.kind === 'invalid' ? 'invalid' : 'system';
  return { message: error instanceof Error ? error.message : String(error), exitCode: 128, kind };
}
