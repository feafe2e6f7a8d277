import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseReference, tryParseReference } from './reference.js';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test('a bare name is an official image of Docker Hub, tag latest', () => {
  assert.deepEqual(parseReference('busybox'), {
    domain: 'docker.io',
    path: 'library/busybox',
    tag: 'latest',
    digest: undefined,
    canonical: 'docker.io/library/busybox:latest',
    familiar: 'busybox:latest',
    name: 'docker.io/library/busybox',
    familiarName: 'busybox',
  });
});

test('names in full', () => {
  const cases: Record<string, [canonical: string, familiar: string]> = {
    'busybox:1.36': ['docker.io/library/busybox:1.36', 'busybox:1.36'],
    'docker.io/busybox': ['docker.io/library/busybox:latest', 'busybox:latest'],
    'index.docker.io/library/busybox': ['docker.io/library/busybox:latest', 'busybox:latest'],
    'foo/bar': ['docker.io/foo/bar:latest', 'foo/bar:latest'],
    'localhost/x': ['localhost/x:latest', 'localhost/x:latest'],
    'localhost:5000/a/b:v1': ['localhost:5000/a/b:v1', 'localhost:5000/a/b:v1'],
    'gcr.io/a__b/c-d.e_f': ['gcr.io/a__b/c-d.e_f:latest', 'gcr.io/a__b/c-d.e_f:latest'],
    'Reg/x': ['Reg/x:latest', 'Reg/x:latest'],
    '[::1]:5000/x': ['[::1]:5000/x:latest', '[::1]:5000/x:latest'],
    [`busybox@${DIGEST}`]: [`docker.io/library/busybox@${DIGEST}`, `busybox@${DIGEST}`],
    [`busybox:1@${DIGEST}`]: [`docker.io/library/busybox:1@${DIGEST}`, `busybox:1@${DIGEST}`],
  };
  for (const [text, [canonical, familiar]] of Object.entries(cases)) {
    const reference = parseReference(text);
    assert.deepEqual([reference.canonical, reference.familiar], [canonical, familiar], text);
    assert.equal(parseReference(reference.canonical).canonical, canonical);
    assert.equal(parseReference(reference.familiar).canonical, canonical);
  }
});

test('a digest alone leaves the tag open', () => {
  assert.equal(parseReference(`x@${DIGEST}`).tag, undefined);
});

test('what is no reference is refused with the reason', () => {
  const bad = [
    '',
    ':x',
    '/x',
    'a//b',
    'a/',
    '-a',
    'a_',
    'a..b',
    'a___b',
    'a b',
    'a:',
    'a:.b',
    `a:${'x'.repeat(129)}`,
    'a@sha256:12',
    'a@b@c',
    '../x',
    'x/..',
    'a:b:c',
  ];
  for (const text of bad)
    assert.throws(() => parseReference(text), { kind: 'invalid', message: /^invalid reference format/ }, text);
  assert.throws(() => parseReference('docker.io/Foo'), /repository name \(library\/Foo\) must be lowercase/);
  assert.throws(() => parseReference('BusyBox'), /repository name \(library\/BusyBox\) must be lowercase/);
  assert.throws(() => parseReference('a'.repeat(64)), /hexadecimal/);
  assert.throws(() => parseReference(`a/${'b'.repeat(260)}`), /must not be more than 255/);
  assert.equal(tryParseReference('a//b'), undefined);
});
