import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An /etc/resolv.conf of a test's own: in a mount namespace that outlives the daemons in it, as that of a machine does. */
export class PrivateResolvConf {
  readonly #directory: string;
  readonly #holder: ChildProcess;

  private constructor(servers: readonly string[]) {
    this.#directory = mkdtempSync(join(tmpdir(), 'tdt-resolv-'));
    this.use(...servers);
    const script = 'mount --bind "$0" /etc/resolv.conf && echo there && exec sleep infinity';
    this.#holder = spawn('unshare', ['--mount', 'sh', '-c', script, this.#file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    process.once('exit', this.#end);
  }

  /** @param servers the name servers in it */
  static async make(...servers: string[]): Promise<PrivateResolvConf> {
    const made = new PrivateResolvConf(servers);
    await once(made.#holder.stdout!, 'data');
    return made;
  }

  get #file(): string {
    return join(this.#directory, 'resolv.conf');
  }

  readonly #end = () => {
    this.#holder.kill('SIGKILL');
    rmSync(this.#directory, { recursive: true, force: true });
  };

  /** What a program is run by to see it. */
  get enter(): string[] {
    return ['nsenter', '-t', String(this.#holder.pid), '-m'];
  }

  /** Changes the name servers, in place: what is mounted is the file. */
  use(...servers: string[]): void {
    writeFileSync(this.#file, `search lan\n${servers.map((server) => `nameserver ${server}\n`).join('')}`);
  }

  remove(): void {
    process.off('exit', this.#end);
    this.#end();
  }
}
