import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandWithHeredocs, parseDockerfile } from './dockerfile.js';

const parse = (text: string) => parseDockerfile(text).instructions;
const one = (text: string) => parse(text)[0]!;
const fails = (text: string, message: string | RegExp) =>
  assert.throws(() => parseDockerfile(text), { kind: 'invalid', message });

test('lines that go on, comments and empty lines between them', () => {
  const [from, run, cmd] = parse('# a comment\n\nfrom x\nRUN a && \\\n  # no\n\n    b \\\n  c\n  CMD ["x"]  \n');
  assert.deepEqual([from!.name, from!.rest, from!.line], ['FROM', 'x', 3]);
  assert.equal(run!.rest, 'a &&     b   c');
  assert.equal(run!.original, 'RUN a &&     b   c');
  assert.deepEqual([run!.line, run!.endLine, cmd!.rest], [4, 8, '["x"]']);
  assert.equal(one('RUN a \\').rest, 'a');
  assert.equal(one('RUN a\\b\r\n').rest, 'a\\b');
});

test('directives count before everything else only', () => {
  const escaped = parseDockerfile('# escape=`\n# syntax = docker/dockerfile:1\nRUN a `\n b\\\nCMD x');
  assert.deepEqual([escaped.escape, escaped.syntax], ['`', 'docker/dockerfile:1']);
  assert.equal(escaped.instructions[0]!.rest, 'a  b\\');
  assert.equal(parseDockerfile('# a comment\n# escape=`\nRUN a').escape, '\\');
  assert.equal(parseDockerfile('#check=skip=all\nRUN a').escape, '\\');
  fails('# escape=x\nRUN a', /invalid ESCAPE/);
  fails('# escape=`\n# escape=`\nRUN a', /only one escape parser directive can be used/);
});

test('flags', () => {
  const copy = one('COPY --from=a --chown="x y" --link --exclude=*.md a b /c');
  assert.deepEqual(copy.flags, [
    { name: 'from', value: 'a' },
    { name: 'chown', value: 'x y' },
    { name: 'link', value: undefined },
    { name: 'exclude', value: '*.md' },
  ]);
  assert.equal(copy.rest, 'a b /c');
  assert.deepEqual(one('RUN -- --x').rest, '--x');
  assert.deepEqual(one('ENV --a=b').rest, '--a=b');
});

test('here-documents', () => {
  const [run, copy, next] = parse('RUN <<EOF\necho $a\n\n# no comment\nEOF\nCOPY <<"a.txt" <<-B /d/\n$x\na.txt\n\ty\n\tB\nUSER z');
  assert.deepEqual(run!.heredocs, [{ name: 'EOF', expand: true, chomp: false, content: 'echo $a\n\n# no comment\n' }]);
  assert.deepEqual(commandWithHeredocs(run!), { command: 'echo $a\n\n# no comment\n', script: false });
  assert.deepEqual(
    copy!.heredocs.map(({ name, expand, chomp, content }) => [name, expand, chomp, content]),
    [
      ['a.txt', false, false, '$x\n'],
      ['B', true, true, '\ty\n'],
    ],
  );
  assert.equal(next!.line, 11);
  assert.deepEqual(commandWithHeredocs(one('RUN cat <<E >/x\na\nE')).command, 'cat <<E >/x\na\nE');
  assert.equal(commandWithHeredocs(one('RUN <<E\n#!/bin/awk -f\nE')).script, true);
  assert.equal(one('RUN echo $((1<<2))').heredocs.length, 0);
  fails('FROM x\nRUN <<EOF\na', 'dockerfile parse error on line 2: unterminated heredoc');
});

test('what is wrong, with its line', () => {
  fails('FROM x\nFOO y', 'dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)');
  fails('FROM x\nqwertyuiop y', 'dockerfile parse error on line 2: unknown instruction: qwertyuiop');
  fails('# only', /file with no instructions/);
  fails('FROM x\n\nWORKDIR', 'dockerfile parse error on line 3: WORKDIR requires exactly one argument');
  fails('FROM \0', /is no text/);
});
