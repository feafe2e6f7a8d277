import { readFileSync } from 'node:fs';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { Failure } from '../../errors.js';

/** Without the white space between its words; its numbers are left as they are written, whatever a double makes of them. */
const compact = (json: string): string => json.replace(/("(?:[^"\\]|\\.)*")|\s+/g, '$1');

/** seccomp=FILE is sent as what is in the file. */
function profile(path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Failure(`opening seccomp profile (${path}) failed: ${(error as Error).message}`, 125);
  }
  try {
    JSON.parse(text);
  } catch (error) {
    throw new Failure(`compacting json for seccomp profile (${path}) failed: ${(error as Error).message}`, 125);
  }
  return compact(text);
}

function securityOption(option: string): string {
  const [, key, value] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? [];
  if (!value && !/^no-new-privileges\b/.test(option)) throw new Failure(`invalid --security-opt: "${option}"`, 125);
  if (key !== 'seccomp' || value === 'unconfined' || value === 'builtin') return option;
  return `seccomp=${profile(value!)}`;
}

const SYSTEM_PATHS = 'systempaths=unconfined';

/** What --security-opt asks for. That no path of the system is hidden is a list without one to the engine. */
export function securityConfig(
  given: readonly string[],
): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const options = given.filter((option) => option !== SYSTEM_PATHS).map(securityOption);
  return {
    ...(options.length > 0 && { SecurityOpt: options }),
    ...(given.includes(SYSTEM_PATHS) && { MaskedPaths: [], ReadonlyPaths: [] }),
  };
}
