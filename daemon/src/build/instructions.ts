import { posix } from 'node:path';
import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import { type EngineError, invalid } from '@tinydocker/shared/errors.js';
import { parseDuration } from '@tinydocker/shared/units.js';
import { type Expansion, expand } from './expand.js';
import { jsonWords, splitPairs, splitWords } from './words.js';

/*
 * Instructions of a Dockerfile that change an image's configuration and nothing else, in a build and in what `docker commit
 * --change` takes.
 */

/** What instructions work on. */
interface Work {
  config: ImageConfig;
  /** Whether one of them has set the command. */
  commandSet: boolean;
  isSignal: (text: string) => boolean;
  /** What variables stand for where they are not the configuration's own: `ARG`. */
  argument?: ((name: string) => string | undefined) | undefined;
  escape: string;
}

type Instruction = (work: Work, rest: string) => void;

const count = (name: string, words: readonly unknown[], exactly?: number): void => {
  if (exactly === 1 && words.length !== 1) throw invalid(`${name} requires exactly one argument`);
  if (words.length === 0) throw invalid(`${name} requires at least one argument`);
};

/** Variables as they stand now: what an instruction sets, it does not see itself. */
function expansionOf({ config, argument, escape }: Work): Expansion {
  const known = new Map(
    (config.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]),
  );
  return { lookup: (name) => known.get(name) ?? argument?.(name), escape };
}

/** A command line: a list, or text for the shell. */
function command(work: Work, rest: string): string[] {
  const words = jsonWords(rest);
  if (words) return words;
  return rest === '' ? [] : [...(work.config.Shell ?? ['/bin/sh', '-c']), rest];
}

/** One word, with variables put in. */
function oneWord(name: string, work: Work, rest: string): string {
  count(name, rest === '' ? [] : [rest], 1);
  return expand(rest, expansionOf(work));
}

function pairs(name: string, work: Work, rest: string): [string, string][] {
  count(name, rest === '' ? [] : [rest]);
  const by = expansionOf(work);
  return splitPairs(name, rest, work.escape).map(([key, value]) => [expand(key, by), expand(value, by)]);
}

/** 80, 80/udp, 8000-8010/tcp: every port by itself. */
function portsOf(word: string): string[] {
  const [, first, last, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const [from, to] = [Number(first), Number(last ?? first)];
  if (first === undefined || from > 65535 || to > 65535 || to < from) throw invalid(`Invalid containerPort: ${word}`);
  return Array.from({ length: to - from + 1 }, (_, i) => `${from + i}/${protocol.toLowerCase()}`);
}

const HEALTH_OPTIONS = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
  retries: 'Retries',
} as const;

function healthCheck(work: Work, text: string): void {
  count('HEALTHCHECK', text === '' ? [] : [text]);
  const check: NonNullable<ImageConfig['Healthcheck']> = {};
  let rest = text;
  for (let option = /^--([a-z-]+)=(\S+)\s*/.exec(rest); option; option = /^--([a-z-]+)=(\S+)\s*/.exec(rest)) {
    const [all, name = '', value = ''] = option;
    if (!Object.hasOwn(HEALTH_OPTIONS, name)) throw invalid(`unknown flag: --${name}`);
    check[HEALTH_OPTIONS[name as keyof typeof HEALTH_OPTIONS]] =
      name === 'retries' ? Number.parseInt(value, 10) || 0 : parseDuration(value);
    rest = rest.slice(all.length);
  }
  const [, type = '', args = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  if (type.toUpperCase() === 'NONE') {
    if (args !== '') throw invalid('HEALTHCHECK NONE takes no arguments');
    check.Test = ['NONE'];
  } else if (type.toUpperCase() === 'CMD') {
    if (args === '') throw invalid('missing command after HEALTHCHECK CMD');
    const words = jsonWords(args);
    check.Test = words ? ['CMD', ...words] : ['CMD-SHELL', args];
  } else {
    throw invalid(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`);
  }
  work.config.Healthcheck = check;
}

const INSTRUCTIONS: Readonly<Record<string, Instruction>> = {
  CMD(work, rest) {
    work.config.Cmd = command(work, rest);
    work.commandSet = true;
  },
  ENTRYPOINT(work, rest) {
    const words = command(work, rest);
    work.config.Entrypoint = words.length > 0 ? words : null;
    // The command that was there belonged to the entrypoint that was there.
    if (!work.commandSet) work.config.Cmd = null;
  },
  ENV(work, rest) {
    for (const [name, value] of pairs('ENV', work, rest)) {
      const env = [...(work.config.Env ?? [])];
      const at = env.findIndex((entry) => entry.split('=', 1)[0] === name);
      env.splice(at < 0 ? env.length : at, 1, `${name}=${value}`);
      work.config.Env = env;
    }
  },
  EXPOSE(work, rest) {
    const words = splitWords(rest, work.escape);
    count('EXPOSE', words);
    const by = expansionOf(work);
    const ports = words.flatMap((word) => splitWords(expand(word, by))).flatMap(portsOf);
    work.config.ExposedPorts = { ...work.config.ExposedPorts, ...Object.fromEntries(ports.map((port) => [port, {}])) };
  },
  HEALTHCHECK: healthCheck,
  LABEL(work, rest) {
    work.config.Labels = { ...work.config.Labels, ...Object.fromEntries(pairs('LABEL', work, rest)) };
  },
  ONBUILD(work, rest) {
    count('ONBUILD', rest === '' ? [] : [rest]);
    const name = rest.split(/\s/, 1)[0]!.toUpperCase();
    if (name === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (name === 'MAINTAINER' || name === 'FROM') throw invalid(`${name} isn't allowed as an ONBUILD trigger`);
    work.config.OnBuild = [...(work.config.OnBuild ?? []), rest];
  },
  STOPSIGNAL(work, rest) {
    const signal = oneWord('STOPSIGNAL', work, rest);
    if (!work.isSignal(signal)) throw invalid(`invalid signal: ${signal}`);
    work.config.StopSignal = signal;
  },
  USER(work, rest) {
    work.config.User = oneWord('USER', work, rest);
  },
  VOLUME(work, rest) {
    const words = jsonWords(rest) ?? splitWords(rest, work.escape);
    count('VOLUME', words);
    const by = expansionOf(work);
    const paths = words.map((word) => expand(word, by));
    if (paths.includes('')) throw invalid('VOLUME specified can not be an empty string');
    work.config.Volumes = { ...work.config.Volumes, ...Object.fromEntries(paths.map((path) => [path, {}])) };
  },
  WORKDIR(work, rest) {
    const path = oneWord('WORKDIR', work, rest);
    const joined = posix.resolve('/', work.config.WorkingDir ?? '', path);
    work.config.WorkingDir = joined;
  },
};

/** Whether a word is an instruction of this kind. */
export const changesConfiguration = (word: string): boolean => Object.hasOwn(INSTRUCTIONS, word);

export interface ChangeContext {
  isSignal: (text: string) => boolean;
  /** Whether the command has been set since the image that all began with. */
  commandSet: boolean;
  argument: (name: string) => string | undefined;
  escape: string;
}

/** Applies one instruction of a build to a copy of a configuration. @throws EngineError invalid, in Docker's words */
export function applyInstruction(
  config: ImageConfig,
  name: string,
  rest: string,
  context: ChangeContext,
): { config: ImageConfig; commandSet: boolean } {
  const work: Work = { ...context, config: structuredClone(config) };
  INSTRUCTIONS[name]!(work, rest);
  return work;
}

/**
 * Applies instructions to a copy of a configuration.
 * @param isSignal whether a word names a signal
 * @throws EngineError invalid, in Docker's words
 */
export function applyInstructions(
  config: ImageConfig,
  changes: readonly string[],
  isSignal: (text: string) => boolean,
): ImageConfig {
  const work: Work = { config: structuredClone(config), commandSet: false, isSignal, escape: '\\' };
  for (const change of changes) {
    const lines = instructionLines(change);
    if (lines.length === 0) throw invalid('file with no instructions');
    for (const line of lines) apply(work, line);
  }
  return work.config;
}

/** Lines of a Dockerfile: comments taken out, those that end in a backslash joined. */
function instructionLines(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  const joined = lines.join('\n').replace(/\\[ \t]*\n/g, '');
  return joined
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function apply(work: Work, line: string): void {
  const [, name = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  const word = name.toUpperCase();
  const instruction = Object.hasOwn(INSTRUCTIONS, word) ? INSTRUCTIONS[word] : undefined;
  if (!instruction) throw notAChange(word);
  instruction(work, rest);
}

const notAChange = (word: string): EngineError => invalid(`${word} is not a valid change command`);
