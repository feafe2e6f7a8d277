import type { Command } from '../command.js';
import type { FlagSet } from './parse.js';

const WIDTH = 100;

/** Breaks a text at spaces; every line after the first is indented. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`);
}

/** The flags as two columns, sorted by name. */
export function flagLines(flags: FlagSet): string {
  const rows = Object.entries(flags)
    .filter(([, flag]) => !flag.hidden)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { short, type, help }]) => ({
      left: `  ${short === undefined ? '   ' : `-${short},`} --${name}${type === '' ? '' : ` ${type}`}`,
      help,
    }));
  const indent = Math.max(...rows.map(({ left }) => left.length)) + 3;
  return rows.map(({ left, help }) => left.padEnd(indent) + wrap(help, indent)).join('\n');
}

export const usageLine = (command: Command, path: string): string =>
  `Usage:  tdctl ${path}${command.usage === '' ? '' : ` ${command.usage}`}`;

/** The page that `--help` prints. `path` is how it was called: `ps`, `container ls`. */
export function commandHelp(command: Command, path: string): string {
  const parts = [usageLine(command, path), command.summary];
  const others = command.names.filter((name) => name !== path);
  if (others.length > 0) {
    parts.push(`Aliases:\n  ${[path, ...others].map((name) => `tdctl ${name}`).join(', ')}`);
  }
  parts.push(`Examples:\n${command.examples.map(([line, what]) => `  # ${what}\n  ${line}`).join('\n\n')}`);
  parts.push(`Options:\n${flagLines({ ...command.flags, help: HELP })}`);
  return `${parts.join('\n\n')}\n`;
}

const HELP = { type: '', help: 'Print usage', initial: false, bare: 'true', add: () => true };
