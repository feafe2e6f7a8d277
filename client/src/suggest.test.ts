import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from './suggest.js';

const VERBS = [
  'attach',
  'create',
  'images',
  'inspect',
  'kill',
  'logs',
  'ps',
  'rm',
  'rmi',
  'run',
  'start',
  'stop',
  'version',
];

test('the words that were probably meant', () => {
  assert.deepEqual(nearest('strat', VERBS), ['start']);
  assert.deepEqual(nearest('rnu', VERBS)[0], 'run');
  assert.deepEqual(nearest('imgaes', VERBS), ['images']);
  assert.deepEqual(nearest('insp', VERBS), ['inspect']);
  assert.deepEqual(nearest('log', VERBS), ['logs']);
  assert.deepEqual(nearest('frobnicate', VERBS), []);
});
