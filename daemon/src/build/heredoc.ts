import { splitWords } from './words.js';

/** A here-document: `<<NAME`, and the lines up to that name. */
export interface Heredoc {
  /** What it ends with, and what the file is called that it becomes. */
  readonly name: string;
  /** Whether variables are put in. */
  readonly expand: boolean;
  /** `<<-`: tabs at the beginning of lines do not count. */
  readonly chomp: boolean;
  readonly content: string;
}

const MARK = /^(\d*)<<(-?)([^<]+)$/;

/** A word that begins a here-document. */
export function heredocMark(word: string): Omit<Heredoc, 'content'> | undefined {
  const [, descriptor, dash, rest = ''] = MARK.exec(word) ?? [];
  if (rest === '' || (descriptor !== '' && descriptor === undefined)) return undefined;
  const quoted = /^(["'])(.*)\1$/.exec(rest)?.[2];
  const name = quoted ?? rest.replace(/\\(.)/g, '$1');
  if (name === '' || /["']/.test(name)) return undefined;
  return { name, expand: quoted === undefined && !rest.includes('\\'), chomp: dash === '-' };
}

/** The here-documents that a line begins, in their order. */
export function heredocMarks(line: string): Omit<Heredoc, 'content'>[] {
  if (!line.includes('<<')) return [];
  return splitWords(line).flatMap((word) => heredocMark(word) ?? []);
}

/** Without the tabs that `<<-` allows before every line. */
export const chomped = ({ chomp, content }: Pick<Heredoc, 'chomp' | 'content'>): string =>
  chomp ? content.replace(/^\t+/gm, '') : content;
