import type { EventMessage } from '@tinydocker/shared/api/events.js';
import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { collect, examples, type Verb } from '../../command.js';
import { compile } from '../../output/template.js';
import { since } from '../../output/time.js';
import { filters } from '../filters.js';

interface EventsFlags {
  filter?: string[];
  format?: string;
  since?: string;
  until?: string;
}

/** `2026-11-23T20:48:12.123456789+00:00 container start <id> (image=busybox, name=web)` */
function text(event: EventMessage): string {
  const nanos = String(event.timeNano % 1e9).padStart(9, '0');
  const time = `${new Date(event.time * 1000).toISOString().slice(0, 19)}.${nanos}Z`;
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([k, v]) => `${k}=${v}`);
  return `${time} ${event.Type} ${event.Action} ${event.Actor.ID}${attributes.length > 0 ? ` (${attributes.join(', ')})` : ''}`;
}

export const events: Verb = {
  summary: 'Get real time events from the engine',
  define(command, context) {
    command
      .usage('[OPTIONS]')
      .option('-f, --filter <name=value>', 'Only those that match (type=container, event=die)', collect)
      .option('--format <template>', 'Go template, or "json"')
      .option('--since <time>', 'Those since this time first')
      .option('--until <time>', 'Stop at this time')
      .addHelpText('after', examples('events', 'events --since 10m --until 0s -f event=die'))
      .action(async (flags: EventsFlags) => {
        const format = flags.format === 'json' ? JSON.stringify : flags.format ? compile(flags.format) : text;
        const response = await context.engine.request('GET', '/events', {
          query: {
            filters: filters(flags.filter),
            since: flags.since && since(flags.since),
            until: flags.until && since(flags.until),
          },
        });
        const lines = new LineDecoder<EventMessage>();
        for await (const part of response) {
          for (const event of lines.push(part as Buffer)) context.stdout.write(`${format(event)}\n`);
        }
      });
  },
};
