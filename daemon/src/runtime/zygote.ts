import { SystemError } from '@tinydocker/shared/errors.js';
import { closeFd, sendWithFds, socketPair } from '../kernel/socket.js';
import { spawn, waitPid } from '../kernel/spawn.js';

const ID_LENGTH = 64;

/** Makes a connection and gives one end away. @returns the other */
function handOut(kind: 'stream' | 'packets', give: (end: number) => void): number {
  const [ours, theirs] = socketPair(kind);
  try {
    give(theirs);
    return ours;
  } catch (error) {
    closeFd(ours);
    throw error;
  } finally {
    closeFd(theirs);
  }
}

/**
 * The process that shims are forked from (native-shim/src/zygote.h): it is td-shim, started once, so that the daemon does not
 * stand still while a program is executed, and a shim has little of its own to set up. It ends with the daemon; shims stay.
 */
export class Zygote {
  readonly #executable: number;
  /** What shims are called by must fit into the room that the zygote's arguments take. */
  readonly #room: string;
  #orders: number | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  /** `executable`: a descriptor of td-shim. `bundles`: the directory of all bundles. */
  constructor(executable: number, bundles: string) {
    this.#executable = executable;
    const words = `${'0'.repeat(ID_LENGTH)} ${bundles}/${'0'.repeat(ID_LENGTH)}`;
    this.#room = ' '.repeat(Buffer.byteLength(words) - 'zygote '.length);
    this.#orders = this.#start();
  }

  #start(): number {
    return handOut('packets', (orders) => {
      const argv = ['td-shim', 'zygote', this.#room];
      this.#ended = waitPid(spawn(this.#executable, argv, [], { fds: [orders], cwd: '/' }));
    });
  }

  #order(message: Buffer, control: number): void {
    this.#orders ??= this.#start();
    try {
      sendWithFds(this.#orders, message, [control]);
    } catch (error) {
      closeFd(this.#orders);
      this.#orders = undefined;
      throw error;
    }
  }

  /**
   * Orders a shim for a bundle. `failStep` is for the fault tests.
   * @returns our end of its control connection; a shim that cannot be made says so there @throws SystemError
   */
  fork(id: string, bundle: string, failStep = ''): number {
    const message = Buffer.from(`${id}\0${bundle}\0${failStep}\0`);
    return handOut('stream', (control) => {
      try {
        this.#order(message, control);
      } catch (error) {
        if (!(error instanceof SystemError && ['EPIPE', 'ECONNRESET'].includes(error.code))) throw error;
        this.#order(message, control); // the old one was killed
      }
    });
  }

  /** Ends it, with the fork that waits; resolves when both are gone. */
  async close(): Promise<void> {
    if (this.#orders !== undefined) closeFd(this.#orders);
    this.#orders = undefined;
    await this.#ended;
  }
}
