import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContainerCreateRequest } from '@tinydocker/shared/api/containers.js';
import { ExecStartConfig } from '@tinydocker/shared/api/exec.js';
import * as Type from 'typebox';
import { compileValidator } from './validator.js';

type Result = { value?: unknown; error?: Error };

const body = (schema: unknown) => {
  const validate = compileValidator(schema, 'body');
  return (value: unknown): unknown => {
    const result = validate(value) as Result;
    return result.error ? result.error.message : result.value;
  };
};

test('what Go clients send: null for everything empty, members that nobody knows', () => {
  const create = body(ContainerCreateRequest);
  const request = {
    Image: 'x',
    Env: null,
    Labels: null,
    HostConfig: { Binds: null, LogConfig: { Type: '', Config: null }, Extra: { a: 1 } },
    Later: 1,
  };
  assert.deepEqual(create(structuredClone(request)), request);
  assert.deepEqual(create({ HostConfig: null, NetworkingConfig: null }), { HostConfig: null, NetworkingConfig: null });
  // What has no null here is not there.
  assert.deepEqual(create({ Healthcheck: { Test: ['CMD', 'x'], Timeout: null, Retries: null } }), {
    Healthcheck: { Test: ['CMD', 'x'] },
  });
});

test('a bare string becomes a list of words where words are wanted', () => {
  const create = body(ContainerCreateRequest);
  assert.deepEqual(create({ Cmd: 'echo hi', Entrypoint: '', Shell: null }), {
    Cmd: ['echo hi'],
    Entrypoint: [''],
    Shell: null,
  });
  assert.equal(create({ Env: 'A=b' }), 'invalid JSON: Env must be a list, not a string');
});

test('wrong types are named with their place', () => {
  const create = body(ContainerCreateRequest);
  const cases: [unknown, string][] = [
    [[], 'it must be an object, not a list'],
    ['x', 'it must be an object, not a string'],
    [{ Image: 5 }, 'Image must be a string, not an integer'],
    [{ Tty: 'yes' }, 'Tty must be true or false, not a string'],
    [{ Cmd: ['a', 1] }, 'Cmd[1] must be a string, not an integer'],
    [{ Labels: { a: 1 } }, 'Labels.a must be a string, not an integer'],
    [{ Labels: [] }, 'Labels must be an object, not a list'],
    [{ HostConfig: { Memory: 1.5 } }, 'HostConfig.Memory must be an integer, not a number'],
    [{ HostConfig: { Memory: '1g' } }, 'HostConfig.Memory must be an integer, not a string'],
    [{ HostConfig: { Ulimits: [{ Name: 'nofile', Soft: 1 }] } }, 'HostConfig.Ulimits[0].Hard is missing'],
    [
      { HostConfig: { PortBindings: { '80/tcp': [{ HostPort: 80 }] } } },
      'HostConfig.PortBindings.80/tcp[0].HostPort must be a string, not an integer',
    ],
    [{ HostConfig: { ConsoleSize: [1, 2, 3] } }, 'HostConfig.ConsoleSize is too long'],
    [{ HostConfig: { ConsoleSize: [-1, 2] } }, 'HostConfig.ConsoleSize[0] must not be less than 0'],
    [{ ExposedPorts: { '80/tcp': 1 } }, 'ExposedPorts.80/tcp must be an object, not an integer'],
  ];
  for (const [value, wrong] of cases) assert.equal(create(value), `invalid JSON: ${wrong}`);
});

test('a body must be there, except where its schema says otherwise', () => {
  assert.equal(body(ContainerCreateRequest)(null), 'invalid JSON: got EOF while reading request body');
  assert.deepEqual(body(ExecStartConfig)(null), {});
});

test('queries are read as the schema asks', () => {
  const schema = Type.Object({
    all: Type.Optional(Type.Boolean()),
    t: Type.Optional(Type.Integer()),
    names: Type.Optional(Type.Array(Type.String())),
    name: Type.Optional(Type.String()),
  });
  const validate = compileValidator(schema, 'querystring');
  const read = (query: object) => (validate(query) as Result).value;
  for (const no of ['', '0', 'no', 'false', 'False', 'none', ' 0 '])
    assert.deepEqual(read({ all: no }), { all: false }, no);
  for (const yes of ['1', 'true', 'True', 'yes', 'x']) assert.deepEqual(read({ all: yes }), { all: true }, yes);
  assert.deepEqual(read({ t: '-1', name: '5' }), { t: -1, name: '5' });
  assert.deepEqual(read({ t: '' }), {});
  assert.deepEqual(read({ names: 'a' }), { names: ['a'] });
  assert.deepEqual(read({ names: ['a', 'b'] }), { names: ['a', 'b'] });
  assert.deepEqual(read({ unknown: 'x' }), { unknown: 'x' });
  assert.match(String((validate({ t: 'ten' }) as Result).error), /invalid query: t must be an integer, not a string$/);
  assert.match(String((validate({ name: ['a', 'b'] }) as Result).error), /name must be a string, not a list$/);
});

test('a schema that says more than is understood is refused at once', () => {
  assert.throws(
    () => compileValidator({ type: 'object', properties: { a: { type: 'string', maxLength: 3 } } }, 'body'),
    /keyword maxLength/,
  );
  assert.throws(() => compileValidator({ allOf: [] }, 'body'), /keyword allOf/);
});

test('names of the language are names like any other', () => {
  const check = body({
    type: 'object',
    properties: { a: { type: 'string' } },
    additionalProperties: { type: 'string' },
  });
  assert.equal(check({ constructor: 5 }), 'invalid JSON: constructor must be a string, not an integer');
  assert.deepEqual(check({ toString: 'x' }), { toString: 'x' });
});
