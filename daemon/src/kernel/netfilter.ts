import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { SystemError } from '@tinydocker/shared/errors.js';
import { checked, native } from './native.js';
import { decode, encode, type Message } from './nft-message.js';

/** The kernel's packet filter in the network namespace of this process. */
export class Netfilter {
  readonly #fd: number;

  /** @throws SystemError EPROTONOSUPPORT where the kernel has no netfilter */
  constructor() {
    this.#fd = checked(native.netfilterOpen(), 'socket NETLINK_NETFILTER');
  }

  /** Sends messages. @throws SystemError of the first that the kernel refuses, with its number */
  send(messages: readonly Message[]): void {
    const failed: [number] = [0];
    const bytes = encode(messages);
    const result = native.netfilterSend(this.#fd, bytes, bytes.length, failed);
    if (result >= 0) return;
    const refused = messages[failed[0] - 1];
    throw new SystemError(
      'nf_tables',
      getSystemErrorName(result),
      refused && `message ${failed[0]} (${refused.type & 0xff})`,
    );
  }

  /** What the kernel answers to a request. @throws SystemError ENOENT... */
  static dump(message: Message): ReturnType<typeof decode> {
    const request = encode([message]);
    for (let size = 1 << 18; ; size *= 4) {
      // A socket of its own: what does not fit stays in it.
      const fd = checked(native.netfilterOpen(), 'socket NETLINK_NETFILTER');
      try {
        const out = Buffer.alloc(size);
        const got = Number(native.netfilterDump(fd, request, request.length, out, out.length));
        if (got >= 0) return decode(out.subarray(0, got));
        if (getSystemErrorName(got) !== 'ENOBUFS' || size > 1 << 28)
          throw new SystemError('nf_tables', getSystemErrorName(got));
      } finally {
        native.close(fd);
      }
    }
  }

  /**
   * Calls `changed` with who it was (`nft`, and its process) whenever somebody else changes one of these tables, or with nobody
   * where some changes went unheard. @returns what ends it
   */
  watch(tables: readonly string[], changed: (by: { pid: number; name: string }) => void): () => void {
    const fd = checked(native.netfilterWatch(this.#fd, tables.join(',')), 'netfilter watch');
    const socket = new net.Socket({ fd, readable: true, writable: true });
    socket.unref();
    let rest = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const [, pid = '0', name = ''] = /^(\d+) (.*)$/.exec(line) ?? [];
        changed({ pid: Number(pid), name });
      }
    });
    socket.on('error', () => {});
    return () => socket.destroy();
  }

  close(): void {
    native.close(this.#fd);
  }
}
