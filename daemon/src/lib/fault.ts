import { readFileSync } from 'node:fs';

/**
 * Which step the fault tests want to go wrong: its number, or `@file` that holds it, read anew each time. The step fails; with `!`
 * behind the number the daemon is killed instead.
 */
export function faultStep(variable: string): string | undefined {
  const value = process.env[variable];
  return (value?.startsWith('@') ? readFileSync(value.slice(1), 'utf8') : value) || undefined;
}
