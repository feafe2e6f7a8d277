import type { Output } from './output/stream.js';

/** The first line of standard input; what there is of it where it ends. */
async function readLine(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0]!;
}

/** Asks before something is done that cannot be undone. Only `y` is yes: an input that ends is no. */
export async function confirm(stdout: Output, warning: string): Promise<boolean> {
  stdout.write(`${warning}\nAre you sure you want to continue? [y/N] `);
  const answer = await readLine();
  return answer.trim().toLowerCase() === 'y';
}
