import type { ServerResponse } from 'node:http';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ContainerStats } from '@tinydocker/shared/api/stats.js';
import { encodeLine } from '@tinydocker/shared/json-lines.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { containerStats } from '../../services/containers/stats.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));

/** GET /containers/{id}/stats, whose answer may last. */
export const containerStatsRoutes =
  (deps: Pick<Deps, 'config' | 'containers' | 'log'>): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<ServerResponse>();
    // close() waits for every answer to end, and these may not by themselves.
    app.addHook('preClose', async () => {
      for (const response of open) response.destroy();
    });

    app.get(
      '/containers/:id/stats',
      {
        schema: {
          summary: 'What a container uses',
          params: Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) }),
          querystring: Type.Object({
            stream: flag('Go on, once a second; true by default.'),
            'one-shot': flag('With stream=false: do not wait a second for precpu_stats.'),
          }),
          response: { 200: ContainerStats },
        },
      },
      async ({ params, query }, reply) => {
        const response = reply.raw;
        // The head goes out with the first of it: until then an error has its own status.
        const write = (stats: ContainerStats) => {
          if (response.destroyed) return;
          if (!response.headersSent) {
            response.writeHead(200, { ...reply.getHeaders(), 'Content-Type': 'application/json' } as never);
          }
          // A client that does not read misses what is old by the time it does.
          if (!response.writableNeedDrain) response.write(encodeLine(stats));
        };
        const options = { stream: query.stream, oneShot: query['one-shot'] };
        const { done, cancel } = containerStats(deps, params.id, options, write);
        reply.hijack();
        open.add(response);
        response.on('close', () => {
          open.delete(response);
          cancel();
        });
        if (response.destroyed) cancel();
        await done;
        response.end();
      },
    );
  };
