import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerStore } from '../../store/containers.js';
import { checkName, generateName } from './names.js';

/** A store that knows which names are taken: all that these functions ask it. */
const taken = (isTaken: (name: string) => boolean) =>
  ({ byName: (name: string) => (isTaken(name) ? { id: 'x'.repeat(64) } : undefined) }) as unknown as ContainerStore;

test('names are checked as Docker does', () => {
  const none = taken(() => false);
  for (const name of ['ab', '/web.1', 'A_b-c', '0a']) assert.equal(checkName(none, name), name.replace('/', ''));
  for (const name of ['a', '-ab', '.ab', 'a b', 'a/b', '//ab', 'ä1', '', '/'])
    assert.throws(() => checkName(none, name), {
      kind: 'invalid',
      message: `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    });
  assert.throws(
    () =>
      checkName(
        taken(() => true),
        '/web',
      ),
    {
      kind: 'conflict',
      message: `Conflict. The container name "/web" is already in use by container "${'x'.repeat(64)}". You have to remove (or rename) that container to be able to reuse that name.`,
    },
  );
});

test('a made-up name is a valid one, and found also when the short ones have run out', () => {
  for (let i = 0; i < 100; i++) assert.match(generateName(taken(() => false)), /^[a-z]+_[a-z]+$/);
  assert.match(generateName(taken((name) => /^[a-z]+_[a-z]+$/.test(name))), /^[a-z]+_[a-z]+\d+$/);
});
