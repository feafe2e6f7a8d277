import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Deps } from '../../deps.js';
import { pauseContainer } from '../../services/containers/pause.js';
import { unpauseContainer } from '../../services/containers/unpause.js';

const id = Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) });
const nothing = { 204: Type.Unsafe<undefined>({ type: 'null' }) };

/** The routes under /containers/{id} that read and write what a container uses: pause, unpause. */
export const containerResourceRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/containers/:id/pause',
      { schema: { summary: 'Stop all processes of a container where they stand', params: id, response: nothing } },
      async ({ params }, reply) => {
        await pauseContainer(deps, params.id);
        return reply.code(204).send();
      },
    );

    app.post(
      '/containers/:id/unpause',
      { schema: { summary: 'Let a paused container go on', params: id, response: nothing } },
      async ({ params }, reply) => {
        await unpauseContainer(deps, params.id);
        return reply.code(204).send();
      },
    );
  };
