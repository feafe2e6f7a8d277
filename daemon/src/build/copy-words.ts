import { posix } from 'node:path';
import { invalid } from '@tinydocker/shared/errors.js';
import type { Instruction } from './dockerfile.js';
import { type Expansion, expand } from './expand.js';
import { type FlagKind, readFlags } from './flags.js';
import { chomped, type Heredoc, heredocMark } from './heredoc.js';
import { jsonWords } from './words.js';

/** COPY and ADD, with variables put in. */
export interface Copy {
  readonly from: string | undefined;
  readonly chown: string | undefined;
  /** Octal digits, or as of chmod(1): `u+x,go=r`. */
  readonly chmod: string | undefined;
  readonly parents: boolean;
  readonly excludes: readonly string[];
  /** ADD: what a downloaded file has to be. */
  readonly checksum: string | undefined;
  /** ADD: keep .git of what is cloned. */
  readonly keepGitDir: boolean;
  /** ADD: whether archives are unpacked; undefined: those of the context are. */
  readonly unpack: boolean | undefined;
  readonly sources: readonly string[];
  /** Files that stand in the Dockerfile itself. */
  readonly files: readonly { name: string; content: string }[];
  /** As it was given: a slash at its end means a directory. */
  readonly destination: string;
}

const BOTH = { chown: 'text', chmod: 'text', link: 'boolean', exclude: 'list' } as const;
export const COPY_FLAGS = { ...BOTH, from: 'text', parents: 'boolean' } as const;
export const ADD_FLAGS = { ...BOTH, checksum: 'text', 'keep-git-dir': 'boolean', unpack: 'boolean' } as const;

type AnyFlag = keyof typeof COPY_FLAGS | keyof typeof ADD_FLAGS;

const CHANGE = /^[ugoa]*(?:[-+=][rwxXst]*)+(?:,[ugoa]*(?:[-+=][rwxXst]*)+)*$/;

function modeOf(mode: string | undefined): string | undefined {
  if (mode === undefined || /^[0-7]{1,5}$/.test(mode) || CHANGE.test(mode)) return mode;
  throw invalid(`invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`);
}

function contentOf(heredoc: Heredoc, by: Expansion): string {
  const text = chomped(heredoc);
  // Quotes mean nothing in a document; variables do.
  return heredoc.expand ? expand(text.replace(/["']/g, (quote) => `${by.escape}${quote}`), by) : text;
}

/** Reads a COPY or ADD. @throws EngineError invalid, in Docker's words; not-implemented */
export function parseCopy(instruction: Instruction, by: Expansion): Copy {
  const { name, rest } = instruction;
  const kinds = name === 'COPY' ? COPY_FLAGS : ADD_FLAGS;
  const { texts, lists, on } = readFlags<AnyFlag>(instruction, kinds as Readonly<Record<AnyFlag, FlagKind>>);
  const words = jsonWords(rest) ?? rest.split(/\s+/).filter(Boolean);
  if (words.length < 2) {
    throw invalid(
      `${name} requires at least two arguments, but only one was provided. Destination could not be determined`,
    );
  }
  const marks = instruction.heredocs.length > 0 ? words.slice(0, -1).map(heredocMark) : [];
  const sources = words.slice(0, -1).filter((_, i) => !marks[i]);
  const put = (text: string | undefined) => (text === undefined ? undefined : expand(text, by));
  const destination = expand(words.at(-1)!, by);
  if (words.length > 2 && !destination.endsWith('/') && posix.basename(destination) !== '.') {
    throw invalid(
      `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const hasUnpack = instruction.flags.some((flag) => flag.name === 'unpack');
  return {
    from: texts.from,
    chown: put(texts.chown),
    chmod: modeOf(put(texts.chmod)),
    parents: on.has('parents'),
    excludes: (lists.exclude ?? []).map((text) => expand(text, by)),
    checksum: put(texts.checksum),
    keepGitDir: on.has('keep-git-dir'),
    unpack: hasUnpack ? on.has('unpack') : undefined,
    sources: sources.map((text) => expand(text, by)),
    files: instruction.heredocs.map((heredoc) => ({ name: heredoc.name, content: contentOf(heredoc, by) })),
    destination,
  };
}
