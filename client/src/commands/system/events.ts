import type { EventMessage } from '@tinydocker/shared/api/events.js';
import { encodeFilters } from '@tinydocker/shared/filters.js';
import { encodeJson, parseJson } from '../../api/json.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { filter, text } from '../../flags/types.js';
import { Template } from '../../output/template/evaluate.js';
import { rfc3339Nano, timestamp } from '../../output/time.js';

/** An event on a line: when, what, to whom, and its attributes in order. */
function line(event: EventMessage): string {
  const attributes = Object.entries(event.Actor.Attributes ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(', ');
  const when = rfc3339Nano(BigInt(event.timeNano));
  return `${when} ${event.Type} ${event.Action} ${event.Actor.ID}${attributes === '' ? '' : ` (${attributes})`}`;
}

export const command = defineCommand({
  names: ['events', 'system events'],
  usage: '[OPTIONS]',
  summary: 'Get real time events from the server',
  examples: [
    ['tdctl events --filter type=container --filter event=die', 'Whenever a container ends'],
    ['tdctl events --since 10m --until 0s', 'Those of the last ten minutes'],
  ],
  flags: {
    filter: filter('Filter output based on conditions provided'),
    format: text("Format output using a custom template: 'json' or 'TEMPLATE'"),
    since: text('Show all events created since timestamp'),
    until: text('Stream events until this timestamp'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const show = formatter(flags.format);
    const query = {
      since: flags.since && timestamp(flags.since),
      until: flags.until && timestamp(flags.until),
      filters: encodeFilters(flags.filter),
    };
    const reply = await engine.open('GET', '/events', { query });
    let rest = '';
    const decoder = new TextDecoder();
    await reply.each((chunk) => {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      for (const text of lines) if (text.trim() !== '') stdout.write(`${show(parseJson<EventMessage>(text))}\n`);
    });
  },
});

function formatter(format: string | undefined): (event: EventMessage) => string {
  if (format === undefined || format === '') return line;
  if (format === 'json' || format === '{{json .}}') return (event) => encodeJson(event);
  try {
    const template = new Template(format);
    // Go's names of the members that the API writes in lower case.
    return (event) =>
      template.render({
        ...event,
        Status: event.status ?? '',
        ID: event.id ?? event.Actor.ID,
        From: event.from ?? '',
        Scope: event.scope,
        Time: event.time,
        TimeNano: event.timeNano,
      });
  } catch (error) {
    throw new Failure(`template parsing error: ${messageOf(error)}`, 64);
  }
}
