import type { Writable } from 'node:stream';

/**
 * Sends the parts that a source yields, each when the one before has left for the kernel: a source may use the memory of a part
 * again, and a client that does not read holds back all that comes. `cancel` is aborted when the client is gone.
 */
export async function sendParts(to: Writable, parts: AsyncIterable<Buffer>, cancel: AbortSignal): Promise<void> {
  for await (const part of parts) {
    if (cancel.aborted) return;
    await send(to, part, cancel);
  }
}

function send(to: Writable, part: Buffer, cancel: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the client is gone'));
    cancel.addEventListener('abort', gone, { once: true });
    to.write(part, (error) => {
      cancel.removeEventListener('abort', gone);
      if (error) reject(error);
      else resolve();
    });
  });
}

/**
 * The same to the end of what is sent. If there is one part only, it leaves together with what has been written before it and with the end:
 * clients that keep no hold of a connection that they read from (testcontainers) miss what comes later.
 */
export async function sendWhole(to: Writable, parts: AsyncGenerator<Buffer>, cancel: AbortSignal): Promise<void> {
  const { value, done } = await parts.next();
  const first = done ? Buffer.alloc(0) : Buffer.from(value);
  const next = done ? { done } : await parts.next();
  if (next.done) {
    to.end(first);
    return;
  }
  for (const part of [first, next.value]) await send(to, part, cancel);
  await sendParts(to, parts, cancel);
  to.end();
}
