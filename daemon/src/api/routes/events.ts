import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EventMessage } from '@tinydocker/shared/api/events.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { parseFilters } from '@tinydocker/shared/filters.js';
import { encodeLine } from '@tinydocker/shared/json-lines.js';
import { parseTime, type UnixTime } from '@tinydocker/shared/units.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { EVENT_FILTERS, matchesEvent } from '../../services/events.js';

/** A client that lets more than this pile up does not read: it is dropped. Bytes. */
const BACKLOG = 4 * 1024 * 1024;
/** The longest that a timer can wait, in ms. */
const LONGEST = 2 ** 31 - 1;

const time = (text: string | undefined): UnixTime | undefined => (text ? parseTime(text) : undefined);
const milliseconds = (at: UnixTime): number => at.seconds * 1000 + at.nanos / 1e6;

export const eventRoutes =
  (deps: Pick<Deps, 'events'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<ServerResponse>();
    // close() waits for every answer to end, and these never do by themselves.
    app.addHook('preClose', async () => {
      for (const response of open) response.end();
    });

    app.get(
      '/events',
      {
        schema: {
          summary: 'Events, as they happen',
          querystring: Type.Object({
            since: Type.Optional(Type.String({ description: 'Begin with events of this time, seconds since 1970.' })),
            until: Type.Optional(Type.String({ description: 'End at this time.' })),
            filters: Type.Optional(Type.String({ description: `JSON; by ${EVENT_FILTERS.join(', ')}.` })),
          }),
          response: { 200: EventMessage },
        },
      },
      (request, reply) => {
        const since = time(request.query.since);
        const until = time(request.query.until);
        const filters = parseFilters(request.query.filters, EVENT_FILTERS);
        if (since && until && milliseconds(since) > milliseconds(until)) {
          throw invalid(
            `\`since\` time (${request.query.since}) cannot be after \`until\` time (${request.query.until})`,
          );
        }
        const left = until ? milliseconds(until) - Date.now() : Number.POSITIVE_INFINITY;

        reply.hijack();
        const response = reply.raw;
        response.writeHead(200, { ...reply.getHeaders(), 'Content-Type': 'application/json' } as never);
        response.flushHeaders();
        const write = (event: EventMessage) => {
          if (!matchesEvent(filters, event)) return;
          response.write(encodeLine(event));
          if (response.writableLength > BACKLOG) response.destroy();
        };
        // Without either only what happens from now on is meant.
        if (since || until) for (const event of deps.events.history(since, until)) write(event);
        if (left <= 0) return void response.end();

        const unsubscribe = deps.events.subscribe(write);
        const timer = left <= LONGEST ? setTimeout(() => response.end(), left) : undefined;
        open.add(response);
        response.on('close', () => {
          open.delete(response);
          clearTimeout(timer);
          unsubscribe();
        });
      },
    );
  };
