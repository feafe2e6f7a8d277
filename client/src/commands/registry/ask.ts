import type { Output } from '../../output/stream.js';

/** All of standard input. */
export async function readAll(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

/** Asks somebody at a terminal. @param secret what is typed is not shown */
export async function ask(output: Output, question: string, secret = false): Promise<string> {
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: secret ? silent : undefined, terminal: secret });
  output.write(question);
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    if (secret) output.write('\n');
  }
}
