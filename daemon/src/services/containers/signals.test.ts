import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal } from './signals.js';

test('signals are numbers and names, with or without SIG', () => {
  for (const [text, number] of [
    ['9', 9],
    ['KILL', 9],
    ['SIGKILL', 9],
    ['sigterm', 15],
    ['64', 64],
    ['RTMIN', 34],
    ['SIGRTMIN+3', 37],
    ['SIGRTMAX-1', 63],
  ] as const)
    assert.equal(parseSignal(text), number, text);
});

test('what is no signal is refused in Docker’s words', () => {
  for (const text of ['FOO', 'SIG', '', 'RTMIN+40', 'RTMAX+1', '0'])
    assert.throws(() => parseSignal(text), { kind: 'invalid', message: `invalid signal: ${text}` });
  for (const text of ['65', '-1', '99'])
    assert.throws(() => parseSignal(text), { message: `the linux daemon does not support signal ${text}` });
});
