import { Failure } from './errors.js';

export interface WindowSize {
  rows: number;
  columns: number;
}

/** The size of the terminal that we print to; undefined when it is none. */
export function windowSize(): WindowSize | undefined {
  if (!process.stdout.isTTY) return undefined;
  const [columns, rows] = process.stdout.getWindowSize();
  return columns > 0 && rows > 0 ? { rows, columns } : undefined;
}

/** Calls `listener` when the size changes, until the returned function is called. */
export function onResize(listener: (size: WindowSize) => void): () => void {
  const changed = () => {
    const size = windowSize();
    if (size) listener(size);
  };
  process.on('SIGWINCH', changed);
  return () => process.off('SIGWINCH', changed);
}

/** @throws Failure where a terminal for the container is asked for and standard input, which it is to have, is none */
export function requireTerminal(): void {
  if (!process.stdin.isTTY) throw new Failure('the input device is not a TTY');
}

/**
 * Gives every key to us as it is typed, and the container's output to the terminal as it is. Undone by the returned
 * function; Node also restores the terminal when the process ends by itself or by SIGINT or SIGTERM.
 */
export async function rawMode(): Promise<() => void> {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  stdin.setRawMode(true);
  // Node's raw mode leaves the kernel to send CR before each LF. A full-screen program in the container that moves the
  // cursor down by LF would find it in the first column: its own terminal has translated what is to be translated.
  await withoutOutputProcessing();
  return () => {
    stdin.setRawMode(false);
  };
}

async function withoutOutputProcessing(): Promise<void> {
  const { spawn } = await import('node:child_process');
  await new Promise<void>((resolve) => {
    const child = spawn('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
  });
}
