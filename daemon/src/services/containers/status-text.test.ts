import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerState } from '../../store/containers.js';
import { NEW_STATE } from './create.js';
import { statusText } from './status-text.js';

const NOW = Date.parse('2026-01-01T01:00:00Z');
const text = (state: Partial<ContainerState>) => statusText({ ...NEW_STATE, ...state }, NOW);

test('the state of a container in words', () => {
  const startedAt = '2026-01-01T00:59:57.123456789Z';
  const finishedAt = '2026-01-01T00:58:00.000000000Z';
  assert.equal(text({}), 'Created');
  assert.equal(text({ status: 'running', startedAt }), 'Up 2 seconds');
  assert.equal(text({ status: 'running', startedAt: '2026-01-01T01:00:05Z' }), 'Up Less than a second');
  assert.equal(text({ status: 'paused', startedAt }), 'Up 2 seconds (Paused)');
  assert.equal(text({ status: 'exited', exitCode: 137, finishedAt }), 'Exited (137) 2 minutes ago');
  assert.equal(text({ status: 'removing' }), 'Removal In Progress');
});
