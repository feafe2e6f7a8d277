import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runs, tamed } from '@tinydocker/shared/test-properties.js';
import fc from 'fast-check';
import { commandWithHeredocs, parseDockerfile } from './dockerfile.js';
import { expand } from './expand.js';
import { jsonWords, splitPairs, splitWords } from './words.js';

/* What holds for every Dockerfile, whoever wrote it. */

const from = (...words: string[]) =>
  fc
    .array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 3 })), { maxLength: 20 })
    .map((parts) => parts.join(''));

test('instructions are lines of the file, in order, or the file is refused', () => {
  const text = from(
    ...['FROM x', 'RUN ', 'COPY ', 'ENV ', 'ARG ', 'ONBUILD ', 'HEALTHCHECK ', '\n', '\n', '\r\n', '\\\n', '# escape=`\n'],
    ...['`\n', '<<EOF', '\nEOF\n', '<<-"A"', '--from=a', '--', '"', "'", '[', ']', '$x', '#', ' ', '\t', '\0', '\ufeff'],
  );
  fc.assert(
    fc.property(text, (given) => {
      const file = tamed(() => parseDockerfile(given));
      if (!file) return;
      assert.ok(file.instructions.length > 0);
      let line = 0;
      for (const instruction of file.instructions) {
        assert.ok(instruction.line > line && instruction.endLine >= instruction.line && instruction.endLine <= file.lines.length);
        line = instruction.endLine;
        commandWithHeredocs(instruction);
        tamed(() => (instruction.name === 'ENV' ? splitPairs('ENV', instruction.rest, file.escape) : splitWords(instruction.rest)));
        jsonWords(instruction.rest);
      }
    }),
    runs,
  );
});

test('variables are put in, or refused, and never for long', () => {
  const text = from('$', '{', '}', 'x', 'A', ':-', ':+', ':?', '#', '##', '%', '%%', '/', '//', '*', '?', '\\', '"', "'", 'a', '[', '(', '+');
  const values = fc.dictionary(fc.constantFrom('x', 'A', 'a'), from('a', 'aa', '/', '.', '$x'));
  fc.assert(
    fc.property(text, values, (given, variables) => {
      const lookup = (name: string) => (Object.hasOwn(variables, name) ? variables[name] : undefined);
      assert.ok(['string', 'undefined'].includes(typeof tamed(() => expand(given, { lookup, escape: '\\' }))));
    }),
    runs,
  );
  for (const pattern of ['##*a*a*a*a*b', '%%*a*a*a*a*b', '//*a*a*a*a*b/y']) {
    const lookup = () => 'a'.repeat(5000);
    assert.throws(() => expand(`\${x${pattern}}`, { lookup, escape: '\\' }), /takes too long/);
  }
});
