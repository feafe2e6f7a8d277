import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs';
import { writeSmallFile } from './file.js';
import { spawn, waitPid } from './spawn.js';

const PARSERS = ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser'];
const SECURITYFS = '/sys/kernel/security/apparmor';

/** Whether the kernel has AppArmor and it is on. */
export function kernelHasAppArmor(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'latin1').startsWith('Y') && existsSync(SECURITYFS);
  } catch {
    return false;
  }
}

/** The program that makes a profile of its text. */
export const appArmorParser = (): string | undefined => PARSERS.find((path) => existsSync(path));

/** Names of the profiles that are loaded. */
export function loadedProfiles(): Set<string> {
  const text = readFileSync(`${SECURITYFS}/profiles`, 'utf8');
  return new Set([...text.matchAll(/^(.*) \([a-z]+\)$/gm)].map(([, name]) => name!));
}

/** Loads a profile, in place of one of the same name. `file` is where the text is written to. @throws Error with the parser's words */
export async function loadAppArmorProfile(text: string, file: string): Promise<void> {
  const parser = appArmorParser();
  if (parser === undefined) throw new Error(`${PARSERS[0]} is missing (Debian package apparmor)`);
  writeSmallFile(file, text, 0o600);
  const errors = openSync(`${file}.err`, 'w', 0o600);
  try {
    // Not from the parser's cache, and nothing into it: the name of a file in there is not ours to choose.
    const argv = ['apparmor_parser', '--replace', '--skip-cache', file];
    const { status } = await waitPid(spawn(parser, argv, [], { stdout: errors, stderr: errors }));
    if (status !== 0) {
      const words = readFileSync(`${file}.err`, 'utf8').trim().split('\n').join('; ');
      throw new Error(words || `${parser} ended with code ${status}`);
    }
  } finally {
    closeSync(errors);
    rmSync(`${file}.err`, { force: true });
  }
}
