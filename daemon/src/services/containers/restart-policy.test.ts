import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRestartPolicy, type Ended, restartDelay, startsWithDaemon } from './restart-policy.js';

const ended = (name: string, change: Partial<Ended> & { max?: number } = {}): Ended => ({
  policy: { Name: name, MaximumRetryCount: change.max ?? 0 },
  exitCode: 1,
  manuallyStopped: false,
  restartCount: 0,
  ranFor: 0,
  lastDelay: 0,
  ...change,
});

test('who is started again', () => {
  for (const name of ['', 'no']) assert.equal(restartDelay(ended(name)), undefined);
  assert.equal(restartDelay({ ...ended(''), policy: undefined }), undefined);
  for (const name of ['always', 'unless-stopped']) {
    assert.equal(restartDelay(ended(name, { exitCode: 0 })), 100);
    assert.equal(restartDelay(ended(name, { exitCode: 0, restartCount: 1000 })), 100);
    assert.equal(restartDelay(ended(name, { manuallyStopped: true })), undefined);
  }
  assert.equal(restartDelay(ended('on-failure', { exitCode: 0 })), undefined);
  assert.equal(restartDelay(ended('on-failure', { restartCount: 1000 })), 100);
  assert.equal(restartDelay(ended('on-failure', { max: 3, restartCount: 2 })), 100);
  assert.equal(restartDelay(ended('on-failure', { max: 3, restartCount: 3 })), undefined);
  assert.equal(restartDelay(ended('on-failure', { manuallyStopped: true })), undefined);
});

test('the delay doubles up to a minute, and begins anew after ten seconds of running', () => {
  const delays: number[] = [];
  for (let last = 0, i = 0; i < 12; i++) {
    last = restartDelay(ended('always', { lastDelay: last }))!;
    delays.push(last);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
  assert.equal(restartDelay(ended('always', { lastDelay: 60_000, ranFor: 9_999 })), 60_000);
  assert.equal(restartDelay(ended('always', { lastDelay: 60_000, ranFor: 10_000 })), 100);
});

test('what a daemon starts when it begins', () => {
  const starts = (name: string, change: Parameters<typeof ended>[1] = {}) => startsWithDaemon(ended(name, change));
  assert.equal(starts('no'), false);
  assert.equal(starts('always', { manuallyStopped: true, exitCode: 0 }), true);
  assert.equal(starts('unless-stopped', { exitCode: 0 }), true);
  assert.equal(starts('unless-stopped', { manuallyStopped: true }), false);
  assert.equal(starts('on-failure', { exitCode: 255 }), true);
  assert.equal(starts('on-failure', { exitCode: 0 }), false);
  assert.equal(starts('on-failure', { max: 2, restartCount: 2 }), false);
  assert.equal(starts('on-failure', { manuallyStopped: true, exitCode: 137 }), false);
});

test('policies that are none', () => {
  const refused = (Name: string, MaximumRetryCount: number, message: RegExp) =>
    assert.throws(() => checkRestartPolicy({ Name, MaximumRetryCount }), message);
  refused('foo', 0, /^EngineError: invalid restart policy: unknown policy 'foo'; use one of 'no', 'always'/);
  refused('always', 3, /can only be used with 'on-failure'$/);
  refused('', 3, /can only be used with 'on-failure'$/);
  refused('no', -3, /can only be used with 'on-failure' and cannot be negative$/);
  refused('on-failure', -1, /maximum retry count cannot be negative$/);
  checkRestartPolicy(undefined);
  checkRestartPolicy({ Name: 'on-failure', MaximumRetryCount: 5 });
});
