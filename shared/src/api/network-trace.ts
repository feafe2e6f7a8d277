import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Word } from './common.js';

/** One thing on the way of a packet to a port of a container. */
export const TraceStep = Type.Object({
  Name: Type.String({ description: 'What was looked at: listener, address, bridge, rule, host address...' }),
  Status: Word(['ok', 'fail', 'unsure'], 'fail: a packet ends here. unsure: it may, depending on where it comes from.'),
  Detail: Type.String({ description: 'What was found, and what to do about it.' }),
  Packets: Type.Optional(Type.Integer({ description: 'As far as anybody counts them.' })),
});
export type TraceStep = Static<typeof TraceStep>;

export const TracedPort = Type.Object({
  Port: Type.String({ description: '80/tcp' }),
  Published: Type.String({ description: 'Address and port of the host, or empty.' }),
  Steps: Type.Array(TraceStep, { description: 'In the order in which a packet meets them.' }),
  EndsAt: Type.String({ description: 'The name of the first step that fails; empty: it gets through.' }),
});
export type TracedPort = Static<typeof TracedPort>;

/** The way of a packet to each published port of a container. An extension of ours. */
export const NetworkTrace = Type.Object({
  Id: Type.String(),
  Name: Type.String(),
  Ports: Type.Array(TracedPort),
});
export type NetworkTrace = Static<typeof NetworkTrace>;
