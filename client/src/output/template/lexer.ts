/*
 * Go's text/template, as far as people write it after --format: https://pkg.go.dev/text/template. First the text is
 * split into literal text and actions, and actions into tokens.
 */

/** An error of a template, with Docker's beginning. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

export const syntaxError = (line: number, detail: string) => new TemplateError(`template: :${line}: ${detail}`);

export interface Token {
  kind: 'field' | 'variable' | 'word' | 'string' | 'number' | 'symbol';
  text: string;
  /** The value of a string or number. */
  value?: string | number;
  /** Offset in the template. */
  at: number;
  /** Whether white space stands before it: `.A .B` is two fields, `.A.B` a chain. */
  spaced: boolean;
}

export type Piece = { kind: 'text'; text: string } | { kind: 'action'; tokens: Token[]; at: number };

const TOKEN =
  /(?<space>\s+)|(?<field>\.[\p{L}_][\p{L}\p{N}_]*)|(?<variable>\$[\p{L}\p{N}_]*)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<number>[+-]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?))|(?<string>"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)+')|(?<symbol>:=|[|().,=])/uy;

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  '\\': '\\',
  '"': '"',
  "'": "'",
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
};

function unquote(text: string): string | number {
  const inner = text.slice(1, -1);
  if (text.startsWith('`')) return inner;
  const plain = inner.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/gu, (_, hex, unicode, one: string) =>
    one === undefined ? String.fromCodePoint(Number.parseInt(hex ?? unicode, 16)) : (ESCAPES[one] ?? one),
  );
  // A character is a number in Go.
  return text.startsWith("'") ? plain.codePointAt(0)! : plain;
}

export const lineAt = (source: string, at: number): number => source.slice(0, at).split('\n').length;

function tokenize(source: string, from: number, to: number): Token[] {
  const tokens: Token[] = [];
  let spaced = false;
  TOKEN.lastIndex = from;
  while (TOKEN.lastIndex < to) {
    const at = TOKEN.lastIndex;
    const groups = TOKEN.exec(source)?.groups;
    if (!groups) {
      const character = String.fromCodePoint(source.codePointAt(at)!);
      const detail = /["`']/.test(character)
        ? 'unterminated quoted string'
        : `unexpected ${JSON.stringify(character)} in command`;
      throw syntaxError(lineAt(source, at), detail);
    }
    const [kind, text] = Object.entries(groups).find(([, value]) => value !== undefined) as [
      'space' | Token['kind'],
      string,
    ];
    if (kind === 'space') spaced = true;
    else {
      const value = kind === 'string' ? unquote(text) : kind === 'number' ? Number(text) : undefined;
      tokens.push({ kind, text, at, spaced, ...(value !== undefined && { value }) });
      spaced = false;
    }
  }
  return tokens;
}

/** Where an action that begins at `from` ends: the offset of `}}`, which may stand in a string too. */
function actionEnd(source: string, from: number): number {
  const END = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)+'|\}\}/g;
  END.lastIndex = from;
  for (let match = END.exec(source); match; match = END.exec(source)) if (match[0] === '}}') return match.index;
  throw syntaxError(lineAt(source, from), 'unclosed action');
}

/** @throws TemplateError */
export function lex(source: string): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  let trimNext = false;
  const text = (end: number, trimEnd: boolean) => {
    let literal = source.slice(at, end);
    if (trimNext) literal = literal.trimStart();
    if (trimEnd) literal = literal.trimEnd();
    if (literal !== '') pieces.push({ kind: 'text', text: literal });
  };
  for (;;) {
    const open = source.indexOf('{{', at);
    if (open < 0) {
      text(source.length, false);
      return pieces;
    }
    let from = open + 2;
    const trimBefore = /^-\s/.test(source.slice(from, from + 2));
    if (trimBefore) from++;
    text(open, trimBefore);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*-?\}\}/.exec(source.slice(from));
    const end = comment ? from + comment[0].length - 2 : actionEnd(source, from);
    trimNext = /\s-$/.test(source.slice(from, end)) || (comment !== null && source[end - 1] === '-');
    if (!comment) pieces.push({ kind: 'action', tokens: tokenize(source, from, trimNext ? end - 1 : end), at: from });
    at = end + 2;
  }
}
