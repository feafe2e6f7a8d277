import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'dns-packet';
import { NetworkNames } from './names.js';
import { type Query, readQuery } from './query.js';
import { resolve, type SeenNetwork } from './resolve.js';

type Type = 'A' | 'AAAA' | 'PTR' | 'TXT' | 'MX';
const ask = (name: string, type: Type = 'A') =>
  readQuery(encode({ type: 'query', id: 1, questions: [{ type, name }] })) as Query;

const network = (name: string, links: Record<string, string> = {}): SeenNetwork => {
  const names = new NetworkNames();
  return { name, names, links: new Map(Object.entries(links)) };
};

const front = network('front', { db: 'store' });
front.names.set('1', { names: ['web', 'www', '0123456789ab'], ipv4: '10.0.0.2', ipv6: 'fd00::2' });
front.names.set('2', { names: ['store', 'abcdefabcdef'], ipv4: '10.0.0.3' });
const back = network('back.end');
back.names.set('1', { names: ['web', '0123456789ab'], ipv4: '10.1.0.2' });
back.names.set('3', { names: ['Queue', 'q.one'], ipv4: '10.1.0.3' });

const of = (name: string, type?: Type) => resolve([front, back], ask(name, type));

test('names, aliases and short ids, of the first network that has them', () => {
  for (const name of ['web', 'WEB', 'www', '0123456789ab']) assert.deepEqual(of(name), { addresses: ['10.0.0.2'] });
  assert.deepEqual(of('queue'), { addresses: ['10.1.0.3'] });
  assert.deepEqual(of('q.one'), { addresses: ['10.1.0.3'] });
  assert.equal(of('nobody'), undefined);
  assert.equal(resolve([back], ask('www')), undefined, 'of a network that the asker is not in');
});

test('a name followed by its network', () => {
  assert.deepEqual(of('web.back.end'), { addresses: ['10.1.0.2'] });
  assert.deepEqual(of('web.front'), { addresses: ['10.0.0.2'] });
  assert.equal(of('queue.front'), undefined);
  assert.equal(of('.front'), undefined);
});

test('aliases of a link, which are the asking container’s own', () => {
  assert.deepEqual(of('db'), { addresses: ['10.0.0.3'] });
  assert.equal(resolve([{ ...front, links: new Map() }], ask('db')), undefined);
});

test('of a known name there is what there is, and nothing is no reason to ask elsewhere', () => {
  assert.deepEqual(of('web', 'AAAA'), { addresses: ['fd00::2'] });
  assert.deepEqual(of('store', 'AAAA'), { addresses: [] });
  assert.deepEqual(of('web', 'MX'), { addresses: [] });
  assert.equal(of('nobody', 'TXT'), undefined);
});

test('the way back from an address to a name', () => {
  assert.deepEqual(of('2.0.0.10.in-addr.arpa', 'PTR'), { pointer: 'web.front' });
  assert.deepEqual(of('3.0.1.10.in-addr.arpa', 'PTR'), { pointer: 'Queue.back.end' });
  const six = `2.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
  assert.deepEqual(of(six, 'PTR'), { pointer: 'web.front' });
  for (const name of ['9.0.0.10.in-addr.arpa', '0.0.10.in-addr.arpa', '02.0.0.10.in-addr.arpa', 'web'])
    assert.equal(of(name, 'PTR'), undefined);
});

test('several that bear one name take turns in being the first', () => {
  const many = network('many');
  for (let i = 1; i <= 3; i++) many.names.set(`${i}`, { names: [`c${i}`, 'app'], ipv4: `10.2.0.${i}` });
  const firsts = Array.from({ length: 6 }, () => resolve([many], ask('app'))?.addresses?.[0]);
  assert.deepEqual(firsts.slice(0, 3).sort(), ['10.2.0.1', '10.2.0.2', '10.2.0.3']);
  assert.deepEqual(firsts.slice(3), firsts.slice(0, 3));
  many.names.remove('2');
  assert.deepEqual([...resolve([many], ask('app'))!.addresses!].sort(), ['10.2.0.1', '10.2.0.3']);
  many.names.set('1', { names: ['renamed'], ipv4: '10.2.0.1' });
  assert.deepEqual(resolve([many], ask('app')), { addresses: ['10.2.0.3'] });
  assert.equal(resolve([many], ask('c1')), undefined);
});

test('an address that another has by now stays that other’s', () => {
  const names = new NetworkNames();
  names.set('1', { names: ['old'], ipv4: '10.3.0.2' });
  names.set('2', { names: ['new'], ipv4: '10.3.0.2' });
  names.remove('1');
  assert.equal(names.nameOf('10.3.0.2'), 'new');
  names.remove('2');
  assert.ok(names.empty);
});
