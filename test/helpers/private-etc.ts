import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { within } from './until.js';

/**
 * A mount namespace in which /etc has files of a test's own, for a daemon that reads them: the machine's are not touched. It lasts until
 * close(), so that a daemon that is started again finds what the one before has mounted.
 */
export class PrivateEtc {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tdt-etc-'));
  readonly #holder: ChildProcess;

  private constructor(files: Readonly<Record<string, string>>) {
    const etc = join(this.#dir, 'etc');
    const work = join(this.#dir, 'work');
    mkdirSync(etc);
    mkdirSync(work);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(etc, name), content);
    const script =
      'mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1,workdir=$2" /etc && echo ready && exec sleep infinity';
    this.#holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', etc, work], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.once('exit', this.#atExit);
  }

  static async make(files: Readonly<Record<string, string>>): Promise<PrivateEtc> {
    const etc = new PrivateEtc(files);
    await within('the private /etc', once(etc.#holder.stdout!, 'data'));
    return etc;
  }

  readonly #atExit = () => {
    this.#holder.kill('SIGKILL');
    rmSync(this.#dir, { recursive: true, force: true });
  };

  /** The words before a command that is to run in it. */
  get enter(): string[] {
    return ['nsenter', `--mount=/proc/${this.#holder.pid}/ns/mnt`, '--'];
  }

  /** Puts one more file there. */
  write(name: string, content: string): void {
    const path = join(`/proc/${this.#holder.pid}/root/etc`, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }

  remove(name: string): void {
    rmSync(join(`/proc/${this.#holder.pid}/root/etc`, name), { recursive: true });
  }

  close(): void {
    process.off('exit', this.#atExit);
    this.#atExit();
  }
}
