import type { Static } from 'typebox';
import * as Type from 'typebox';
import { StringMap, Word } from './common.js';

export const EVENT_TYPES = ['builder', 'container', 'daemon', 'image', 'network', 'plugin', 'volume'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const EventActor = Type.Object({
  ID: Type.String(),
  Attributes: StringMap,
});

/** Something that happened. The lower-case members repeat it in the older form that clients still read. */
export const EventMessage = Type.Object({
  status: Type.Optional(Type.String({ description: 'The action; containers and images only.' })),
  id: Type.Optional(Type.String({ description: 'The id of the object; containers and images only.' })),
  from: Type.Optional(Type.String({ description: 'The image of the container.' })),
  Type: Word(EVENT_TYPES, 'The kind of object.'),
  Action: Type.String({ description: 'create, start, die...' }),
  Actor: EventActor,
  scope: Word(['local', 'swarm']),
  time: Type.Integer({ description: 'Seconds since 1970.' }),
  timeNano: Type.Integer({ description: 'Nanoseconds since 1970.' }),
});
export type EventMessage = Static<typeof EventMessage>;
