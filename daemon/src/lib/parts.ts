import type { Writable } from 'node:stream';

/**
 * Sends the parts that a source yields, each when the one before has left for the kernel: a source may use the memory of a part
 * again, and a client that does not read holds back all that comes. `cancel` is aborted when the client is gone.
 */
export async function sendParts(to: Writable, parts: AsyncIterable<Buffer>, cancel: AbortSignal): Promise<void> {
  for await (const part of parts) {
    if (cancel.aborted) return;
    await new Promise<void>((resolve, reject) => {
      const gone = () => reject(new Error('the client is gone'));
      cancel.addEventListener('abort', gone, { once: true });
      to.write(part, (error) => {
        cancel.removeEventListener('abort', gone);
        if (error) reject(error);
        else resolve();
      });
    });
  }
}
