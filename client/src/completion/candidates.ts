import { constants } from 'node:os';
import type { Command } from '../command.js';
import type { FlagSet } from '../flags/parse.js';
import type { Candidate, Names } from './names.js';
import { position } from './position.js';

export interface Candidates {
  words: readonly Candidate[];
  /** File names could stand there too. */
  files?: boolean;
  /** More is to follow in the same word. */
  open?: boolean;
}

const NOTHING: Candidates = { words: [] };
const FILES: Candidates = { words: [], files: true };

export const plain = (words: readonly string[]): Candidates => ({ words: words.map((word) => ({ word })) });

/** Values of flags, by their names: what a flag of that name takes is the same for every command. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  cgroupns: ['host', 'private'],
  ipc: ['container:', 'host', 'none', 'private', 'shareable'],
  'log-driver': ['journald', 'json-file', 'local', 'none', 'syslog'],
  net: ['container:'],
  network: ['container:'],
  pid: ['container:', 'host'],
  pull: ['always', 'missing', 'never'],
  restart: ['always', 'no', 'on-failure', 'unless-stopped'],
  type: ['container', 'image', 'network', 'volume'],
  uts: ['host'],
  ...Object.fromEntries(
    ['signal', 'stop-signal'].map((flag) => [flag, Object.keys(constants.signals).map((name) => name.slice(3))]),
  ),
};
const FILE_FLAGS = ['cidfile', 'device', 'env-file', 'input', 'label-file', 'output', 'security-opt', 'volume'];

async function valueCandidates(flag: string, typed: string, names: Names): Promise<Candidates> {
  if (FILE_FLAGS.includes(flag)) return FILES;
  if (flag === 'volumes-from') return { words: await names.containers('', typed) };
  const values = VALUES[flag] ?? [];
  if (values.includes('container:') && typed.startsWith('container:')) {
    const containers = await names.containers('exec', typed.slice('container:'.length));
    return { words: containers.map(({ word, about }) => ({ word: `container:${word}`, ...(about && { about }) })) };
  }
  const open = typed !== '' && 'container:'.startsWith(typed);
  if (flag !== 'network' && flag !== 'net') return { ...plain(values), open };
  return { words: [...plain(values).words, ...(await names.networks())], open };
}

/** The word of the usage line for an argument: CONTAINER, IMAGE... */
function placeholder(usage: string, index: number): string {
  const [line = ''] = usage.split('\n');
  const words = line.split(' ').filter((word) => word !== '[OPTIONS]' && word !== '');
  const last = words.at(-1) ?? '';
  return (words[index] ?? (last.endsWith('...]') ? last : '')).replace(/[[\]]|\.\.\./g, '');
}

async function argumentOf(
  command: Command,
  verb: string,
  index: number,
  typed: string,
  names: Names,
): Promise<Candidates> {
  const wanted = placeholder(command.usage, index);
  if (wanted.includes('_PATH')) {
    if (typed.includes(':') || /^[./~]/.test(typed)) return FILES;
    const containers = await names.containers(verb, typed);
    return { words: containers.map(({ word, about = '' }) => ({ word: `${word}:`, about })), files: true, open: true };
  }
  if (/^[a-z]+(\|[a-z]+)+$/.test(wanted)) return plain(wanted.split('|'));
  if (wanted === 'NAME|ID') {
    const all = await Promise.all([names.containers(verb, typed), names.images(), names.networks(), names.volumes()]);
    return { words: all.flat() };
  }
  if (wanted.startsWith('CONTAINER')) return { words: await names.containers(verb, typed) };
  if (/IMAGE|REPOSITORY/.test(wanted) || (verb === 'push' && wanted.startsWith('NAME')))
    return { words: await names.images() };
  if (wanted === 'NETWORK' && verb !== 'create') return { words: await names.networks() };
  if (wanted === 'VOLUME' && verb !== 'create') return { words: await names.volumes() };
  return NOTHING;
}

/** The flags of a set: those with long names, which say what they are. */
export function flagCandidates(flags: FlagSet): Candidates {
  const shown = Object.entries(flags).filter(([, { hidden }]) => !hidden);
  return { words: shown.map(([name, { help }]) => ({ word: `--${name}`, about: help })) };
}

/**
 * What could stand where the last of the words is typed.
 * @param words those after the command's name, the last of them begun or empty
 */
export async function commandCandidates(
  command: Command,
  verb: string,
  words: readonly string[],
  names: Names,
): Promise<Candidates> {
  const where = position(command, words);
  const typed = words.at(-1) ?? '';
  if (where.at === 'flag') return flagCandidates(command.flags);
  if (where.at === 'argument') {
    return where.inner ? FILES : argumentOf(command, verb, where.index, typed, names);
  }
  const found = await valueCandidates(where.flag, typed.slice(where.prefix.length), names);
  return { ...found, words: found.words.map((one) => ({ ...one, word: where.prefix + one.word })) };
}
