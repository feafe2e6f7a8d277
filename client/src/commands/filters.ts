import { CommandError } from '../errors.js';

/** `--filter name=value`, given any number of times, as the API takes them. */
export function filters(entries: string[] | undefined, more: Record<string, string[]> = {}): string | undefined {
  const all: Record<string, string[]> = { ...more };
  for (const entry of entries ?? []) {
    const at = entry.indexOf('=');
    if (at < 0)
      throw new CommandError(`invalid argument "${entry}" for "-f, --filter" flag: invalid filter '${entry}'`);
    const name = entry.slice(0, at).trim().toLowerCase();
    all[name] = [...(all[name] ?? []), entry.slice(at + 1).trim()];
  }
  return Object.keys(all).length > 0 ? JSON.stringify(all) : undefined;
}
