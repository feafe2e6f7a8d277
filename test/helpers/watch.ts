import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from './engine.js';

/** What attacks aim at: files of the host that make its kernel or its users do something. */
const TARGETS = [
  '/etc/passwd',
  '/etc/shadow',
  '/etc/group',
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/proc/sys/kernel/core_pattern',
  '/proc/sys/kernel/modprobe',
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/domainname',
  '/proc/sys/vm/overcommit_memory',
];

const read = (file: string): string => {
  try {
    return createHash('sha256').update(readFileSync(file)).digest('hex');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  }
};

/** Mount points that no test makes: other tests run beside, each in directories of its own. */
const mountPoints = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => !/^\/(run|tmp|var\/tmp)\//.test(point));

/** A picture of the host that an attack must leave as it is, and a directory with a secret that it may try to reach. */
export class HostWatch {
  readonly directory: string;
  readonly secret = `secret-of-the-host-${Math.random()}`;
  readonly #before: Record<string, unknown>;

  constructor(engine: Engine) {
    this.directory = join(engine.daemon!.home, 'host');
    mkdirSync(this.directory);
    writeFileSync(join(this.directory, 'secret'), this.secret, { mode: 0o600 });
    this.#before = this.#look();
  }

  #look(): Record<string, unknown> {
    const { mode, uid, gid } = statSync(this.directory);
    return {
      ...Object.fromEntries(TARGETS.map((file) => [file, read(file)])),
      etc: readdirSync('/etc'),
      root: readdirSync('/'),
      mounts: mountPoints(),
      directory: readdirSync(this.directory),
      secret: read(join(this.directory, 'secret')),
      owner: [mode, uid, gid],
    };
  }

  /** Fails with what has changed. */
  assertUnchanged(): void {
    assert.deepEqual(this.#look(), this.#before);
  }
}

/** How often a race is run: a bounded number in every run of the tests, `TD_ROUNDS` times as many by hand. */
export const rounds = (n: number): number => n * Number(process.env.TD_ROUNDS || 1);
