const DEFAULT_KEYS = [16, 17]; // ctrl-p, ctrl-q

/** One key: a character, or ctrl- and what ASCII names its control characters by; undefined where there is none such. */
function keyCode(key: string): number | undefined {
  if (key === 'DEL') return 127;
  const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
  if (control !== undefined) return control.toUpperCase().charCodeAt(0) - 64;
  return key.length === 1 && key.charCodeAt(0) < 128 ? key.charCodeAt(0) : undefined;
}

/** The bytes of `ctrl-p,ctrl-q`; the default where nothing is given; undefined where a key is none. */
export function parseDetachKeys(text: string | null | undefined): number[] | undefined {
  if (!text) return [...DEFAULT_KEYS];
  const codes: number[] = [];
  for (const key of text.split(',')) {
    const code = keyCode(key);
    if (code === undefined) return undefined;
    codes.push(code);
  }
  return codes;
}
