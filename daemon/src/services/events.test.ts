import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventMessage } from '@tinydocker/shared/api/events.js';
import { parseFilters } from '@tinydocker/shared/filters.js';
import { EVENT_FILTERS, EventBus, matchesEvent } from './events.js';

const ID = 'ab'.repeat(32);

test('an event says the same in the newer and the older form', () => {
  const bus = new EventBus();
  const seen: EventMessage[] = [];
  bus.subscribe((event) => seen.push(event));
  bus.publish('container', 'start', ID, { image: 'busybox', name: 'web' });
  bus.publish('network', 'connect', 'n', {});
  const { time, timeNano, ...event } = seen[0]!;
  assert.deepEqual(event, {
    status: 'start',
    id: ID,
    from: 'busybox',
    Type: 'container',
    Action: 'start',
    Actor: { ID, Attributes: { image: 'busybox', name: 'web' } },
    scope: 'local',
  });
  assert.equal(Math.floor(timeNano / 1e9), time);
  assert.ok(!('status' in seen[1]!));
  assert.ok(seen[1]!.timeNano >= timeNano);
});

test('who unsubscribes hears no more', () => {
  const bus = new EventBus();
  let heard = 0;
  const stop = bus.subscribe(() => heard++);
  bus.publish('image', 'tag', 'i', {});
  stop();
  bus.publish('image', 'tag', 'i', {});
  assert.equal(heard, 1);
  assert.equal(bus.listeners, 0);
});

test('the latest events are remembered, between two times', () => {
  const bus = new EventBus();
  for (let i = 0; i < 5000; i++) bus.publish('image', 'tag', String(i), {});
  const all = bus.history();
  assert.ok(all.length >= 256 && all.length < 5000);
  assert.equal(all.at(-1)!.Actor.ID, '4999');
  const middle = all[all.length / 2]!;
  const at = { seconds: middle.time, nanos: middle.timeNano - middle.time * 1e9 };
  const [before, after] = [bus.history(undefined, at), bus.history(at)];
  assert.equal(before.length + after.length, all.length);
  assert.equal(after[0]!.timeNano, middle.timeNano);
});

test('filters', () => {
  const bus = new EventBus();
  bus.publish('container', 'exec_start: sh -c true', ID, { image: 'docker.io/busybox:1', name: 'web', colour: 'red' });
  bus.publish('image', 'tag', `sha256:${ID}`, { name: 'busybox:latest' });
  const [container, image] = bus.history() as [EventMessage, EventMessage];
  const match = (event: EventMessage, filter: Record<string, string[]>) =>
    matchesEvent(parseFilters(JSON.stringify(filter), EVENT_FILTERS), event);
  const cases: [Record<string, string[]>, container: boolean, image: boolean][] = [
    [{}, true, true],
    [{ type: ['image', 'volume'] }, false, true],
    [{ event: ['exec_start'] }, true, false],
    [{ event: ['exec'] }, false, false],
    [{ container: ['web'] }, true, false],
    [{ container: ['we'] }, true, false],
    [{ container: ['eb'] }, false, false],
    [{ container: [ID.slice(0, 12)] }, true, false],
    [{ image: ['docker.io/busybox'] }, true, false],
    [{ image: ['busybox'] }, false, true],
    [{ image: [ID.slice(0, 12)] }, false, true],
    [{ label: ['colour=red'] }, true, false],
    [{ label: ['colour', 'size'] }, false, false],
    [{ scope: ['local'] }, true, true],
    [{ scope: ['swarm'] }, false, false],
    [{ type: ['container'], event: ['tag'] }, false, false],
  ];
  for (const [filter, ofContainer, ofImage] of cases) {
    assert.deepEqual([match(container, filter), match(image, filter)], [ofContainer, ofImage], JSON.stringify(filter));
  }
});
