import type { Command, Option } from 'commander';

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

const named = (option: Option, flag: string): boolean => option.short === flag || option.long === flag;

/**
 * Docker's flags without a value also take one (`--rm=false`, `-d=true`). Rewrites such arguments, as far as they are the
 * command's own (before its first positional where the rest belongs to a container), into what commander knows.
 */
export function rewriteBooleans(command: Command, args: readonly string[], stopAtOperand: boolean): string[] {
  const out: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--' || (stopAtOperand && !arg.startsWith('-')) || arg === '-') return [...out, ...args.slice(i)];
    const [, name, value] = /^(-[^=]+)=(.*)$/s.exec(arg) ?? [];
    const option = command.options.find((o) => named(o, name ?? arg));
    if (option && !option.required && !option.optional && name && (TRUE.has(value!) || FALSE.has(value!))) {
      if (TRUE.has(value!)) out.push(name);
      continue;
    }
    // -e=A: docker takes the equals sign after a short flag as a separator.
    if (option && name && /^-[^-]$/.test(name)) {
      out.push(name, value!);
      continue;
    }
    out.push(arg);
    const last = option ?? shortGroupEnd(command, arg);
    if (last?.required && args[i + 1] !== undefined) out.push(args[++i]!);
  }
  return out;
}

/** The option that the last letter of `-itv` names, where it still waits for a value. */
function shortGroupEnd(command: Command, arg: string) {
  if (!/^-[^-]./.test(arg)) return undefined;
  for (let i = 1; i < arg.length; i++) {
    const option = command.options.find((o) => named(o, `-${arg[i]}`));
    if (option?.required) return i === arg.length - 1 ? option : undefined;
  }
  return undefined;
}
