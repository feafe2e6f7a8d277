import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Failure, messageOf } from '../errors.js';

/** What Docker's configuration file says about registries; what else it holds is kept as it is. */
export interface ConfigFile {
  auths?: Record<string, StoredAuth>;
  /** The helper that keeps all passwords, and helpers of some registries. */
  credsStore?: string;
  credHelpers?: Record<string, string>;
  [other: string]: unknown;
}

export interface StoredAuth {
  /** `name:password` in base64. */
  auth?: string;
  identitytoken?: string;
  registrytoken?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Docker's own file, so that who has logged in there has logged in here. */
export const configPath = (env: Environment): string =>
  join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');

/** @throws Failure where there is one that cannot be read */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Failure(`cannot read ${path}: ${messageOf(error)}`);
  }
  try {
    const json: unknown = JSON.parse(text.trim() || '{}');
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as ConfigFile;
  } catch {
    // said below
  }
  throw new Failure(`${path} is not a JSON object: mend it, or set DOCKER_CONFIG to another directory`);
}

/** Writes the file anew, all at once: a password is readable by its owner only. */
export function writeConfigFile(path: string, config: ConfigFile): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const half = `${path}.tdctl-${process.pid}`;
  try {
    writeFileSync(half, `${JSON.stringify(config, undefined, '\t')}\n`, { mode: 0o600 });
    const mode = statSync(path, { throwIfNoEntry: false })?.mode;
    if (mode !== undefined) chmodSync(half, mode & 0o600);
    renameSync(half, path);
  } catch (error) {
    rmSync(half, { force: true });
    throw new Failure(`cannot write ${path}: ${messageOf(error)}`);
  }
}
