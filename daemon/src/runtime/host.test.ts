import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCpuList } from './host.js';

test('a list of processors is read as the kernel writes it', () => {
  assert.deepEqual([...parseCpuList('0-2,7')!], [0, 1, 2, 7]);
  assert.deepEqual([...parseCpuList('3')!], [3]);
  for (const text of ['', 'abc', '1-', '-1', '2-1', '1,,2', '0x1', '1;2'])
    assert.equal(parseCpuList(text), undefined, text);
});
