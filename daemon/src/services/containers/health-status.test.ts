import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Health } from '@tinydocker/shared/api/containers.js';
import {
  checkHealthcheck,
  healthPlan,
  mergeHealthcheck,
  nextCheckIn,
  nextHealth,
  startingHealth,
} from './health-status.js';

const MS = 1_000_000;
const plan = healthPlan(
  { Test: ['CMD', 'x'], Interval: 1000 * MS, StartPeriod: 500 * MS, StartInterval: 100 * MS, Retries: 2 },
  null,
)!;
const result = (ExitCode: number, Output = '') => ({ Start: '', End: '', ExitCode, Output });
const after = (codes: number[], age = 600, from: Health = startingHealth(undefined)) =>
  codes.reduce((health, code) => nextHealth(plan, health, result(code), age), from);
const summary = ({ Status, FailingStreak }: Health) => `${Status} ${FailingStreak}`;

test('the plan, with defaults', () => {
  assert.deepEqual(healthPlan({ Test: ['CMD-SHELL', 'a b'] }, undefined), {
    ...{ command: ['/bin/sh', '-c', 'a b'], interval: 30_000, timeout: 30_000 },
    ...{ startPeriod: 0, startInterval: 5000, retries: 3 },
  });
  assert.deepEqual(healthPlan({ Test: ['CMD-SHELL', 'a'] }, ['ash', '-ec'])?.command, ['ash', '-ec', 'a']);
  for (const Test of [null, [], ['NONE'], ['CMD'], ['curl', 'x']]) assert.equal(healthPlan({ Test }, null), undefined);
});

test('a request inherits from its image member by member', () => {
  const image = { Test: ['CMD', 'i'], Interval: 5 * MS, Retries: 7 };
  assert.deepEqual(mergeHealthcheck(undefined, image), image);
  assert.equal(mergeHealthcheck(undefined, undefined), undefined);
  const merged = mergeHealthcheck({ Test: [], Retries: 0, Timeout: 2 * MS }, image)!;
  assert.deepEqual([merged.Test, merged.Retries, merged.Timeout, merged.Interval], [['CMD', 'i'], 7, 2 * MS, 5 * MS]);
  assert.deepEqual(mergeHealthcheck({ Test: ['NONE'] }, image)?.Test, ['NONE']);
});

test('failures in a row make it unhealthy, one success healthy', () => {
  assert.equal(summary(after([])), 'starting 0');
  assert.equal(summary(after([1])), 'starting 1');
  assert.equal(summary(after([1, -1])), 'unhealthy 2');
  assert.equal(summary(after([1, 1, 0])), 'healthy 0');
  assert.equal(summary(after([0, 1])), 'healthy 1');
  assert.equal(summary(after([0, 1, 2])), 'unhealthy 2');
});

test('in the start period failures do not count, until it was healthy', () => {
  assert.equal(summary(after([1, 1, 1], 400)), 'starting 0');
  assert.equal(summary(after([0, 1, 1], 400)), 'unhealthy 2');
  const starting = startingHealth(undefined);
  assert.equal(nextCheckIn(plan, starting, 400), 100);
  assert.equal(nextCheckIn(plan, starting, 500), 1000);
  assert.equal(nextCheckIn(plan, after([0], 100), 400), 1000);
});

test('five results are kept, over a restart too', () => {
  const health = after([1, 2, 3, 4, 5, 6]);
  assert.deepEqual(
    startingHealth(health).Log?.map((entry) => entry.ExitCode),
    [2, 3, 4, 5, 6],
  );
});

test('what is no check', () => {
  const refused = (config: object, message: string) => assert.throws(() => checkHealthcheck(config), { message });
  refused({ Interval: 1 }, 'Interval in Healthcheck cannot be less than 1ms');
  refused({ Timeout: -1 }, 'Timeout in Healthcheck cannot be less than 1ms');
  refused({ Retries: -1 }, 'Retries in Healthcheck cannot be negative');
  refused({ Test: ['curl'] }, 'Test in Healthcheck has an unknown type "curl": use one of NONE, CMD or CMD-SHELL');
  refused({ Test: ['CMD'] }, 'Test in Healthcheck has no command behind CMD');
  checkHealthcheck({ Test: ['NONE'] });
  checkHealthcheck({});
});
