import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemError } from '@tinydocker/shared/errors.js';
import { ShimFailure } from '../../runtime/channel.js';
import { describeFailure } from './failure.js';

const failure = (step: string, message: string, errno: string, exitCode = 128) =>
  describeFailure(new ShimFailure({ step, message, errno }, { id: 1, exitCode }));

test('clients find the words from which they derive 127 and 126', () => {
  assert.deepEqual(failure('exec', '"x": executable file not found in $PATH', 'ENOENT', 127), {
    message: 'exec: "x": executable file not found in $PATH',
    exitCode: 127,
    kind: 'invalid',
  });
  assert.equal(failure('exec', '"/x"', 'ENOENT', 127).message, 'exec: "/x": no such file or directory (ENOENT)');
  assert.match(failure('exec', '"x"', 'EACCES', 126).message, /permission denied/);
});

test('a path of the request that is not there is the request’s fault, a layer’s or the host’s is not', () => {
  assert.deepEqual(failure('chdir', 'enter "/x"', 'ENOENT'), {
    message: 'chdir: enter "/x": no such file or directory (ENOENT)',
    exitCode: 127,
    kind: 'invalid',
  });
  assert.equal(failure('mount', 'mount overlay on "/"', 'ENOENT').kind, 'system');
  assert.deepEqual(
    [failure('exec', '"x"', 'EIO', 126).kind, failure('clone3', 'fork', 'EAGAIN').exitCode],
    ['system', 128],
  );
});

test('an error of the daemon’s own names call, object and reason', () => {
  assert.equal(
    describeFailure(new SystemError('mkdir', 'ENOSPC', '/x')).message,
    'mkdir /x: no space left on device (ENOSPC)',
  );
  assert.equal(describeFailure(new Error('odd')).message, 'odd');
});
