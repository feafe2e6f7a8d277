import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expand } from './expand.js';

const known: Readonly<Record<string, string>> = { A: 'one', EMPTY: '', PATH: '/usr/lib/x.tar.gz', B: 'a b', X1: 'y' };
const by = (escape = '\\') => ({ lookup: (name: string) => known[name], escape });
const is = (text: string, wanted: string, escape?: string) => assert.equal(expand(text, by(escape)), wanted, text);
const fails = (text: string, why: RegExp) => assert.throws(() => expand(text, by()), { kind: 'invalid', message: why });
/** `${...}` without looking like a template of this language. */
const braced = (text: string) => text.replaceAll('<', '$' + '{').replaceAll('>', '}');

test('quotes, escapes, plain variables', () => {
  is('plain text', 'plain text');
  is('$A-$B-$NONE-$X1.', 'one-a b--y.');
  is(`'$A' "$A" "'$A'" a"b c"d`, `$A one 'one' ab cd`);
  is(String.raw`\$A \\ \" "\$A \n \" \\"`, String.raw`$A \ " $A \n " \ `.trimEnd());
  is('a$', 'a$');
  is('$ $. a', '$ $. a');
  is('`$A ``', '$A `', '`');
  is('\\$A', '\\one', '`');
});

test('modifiers', () => {
  const table: [string, string][] = [
    ['<A>', 'one'],
    ['<NONE:-x y>', 'x y'],
    ['<EMPTY:-x>', 'x'],
    ['<EMPTY-x>', ''],
    ['<NONE-$A>', 'one'],
    ['<A:+yes>', 'yes'],
    ['<EMPTY:+yes>', ''],
    ['<EMPTY+yes>', 'yes'],
    ['<NONE:-<A:+in<A>>>', 'inone'],
    ['<A:?never>', 'one'],
    ['<PATH#*/>', 'usr/lib/x.tar.gz'],
    ['<PATH##*/>', 'x.tar.gz'],
    ['<PATH%.*>', '/usr/lib/x.tar'],
    ['<PATH%%.*>', '/usr/lib/x'],
    ['<PATH%zip>', '/usr/lib/x.tar.gz'],
    ['<A/n/N>', 'oNe'],
    ['<PATH//\\//_>', '_usr_lib_x.tar.gz'],
    ['<PATH/lib>', '/usr//x.tar.gz'],
    ['"<B>"', 'a b'],
    ["'<A>'", '$' + '{A}'],
  ];
  for (const [text, wanted] of table) is(braced(text), wanted);
});

test('what is wrong', () => {
  fails("'a", /unexpected end of statement while looking for matching single-quote/);
  fails('"a', /matching double-quote/);
  fails(braced('<A'), /missing '}'|syntax error/);
  fails(braced('<A:-x'), /missing '}'/);
  fails(braced('<>'), /bad substitution/);
  fails(braced('<A!x>'), /unsupported modifier/);
  fails(braced('<NONE:?it is needed>'), /NONE: it is needed/);
  fails(braced('<EMPTY:?>'), /EMPTY: is not allowed to be empty/);
});
