import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Nullable, Strings } from '@tinydocker/shared/api/common.js';
import { ImagesPruneResponse } from '@tinydocker/shared/api/images.js';
import Type from 'typebox';
import type { Deps } from '../../deps.js';
import { pruneImages } from '../../services/images/prune.js';

const filters = (names: string) => ({
  filters: Type.Optional(Type.String({ description: `JSON: ${names}.` })),
});

/** What `docker system prune` removes besides containers and volumes. */
export const pruneRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/images/prune',
      {
        schema: {
          summary: 'Remove images that no container is made of',
          querystring: Type.Object(filters('dangling, label, label!, until')),
          response: { 200: ImagesPruneResponse },
        },
      },
      ({ query }, reply) => {
        reply.send(pruneImages(deps, query.filters));
      },
    );

    app.post(
      '/build/prune',
      {
        schema: {
          summary: 'Empty the build cache; there is none yet',
          querystring: Type.Object({
            ...filters('description, id, inuse, parent, private, shared, type, until'),
            all: Type.Optional(Type.Boolean({ description: 'Also what is in use.' })),
          }),
          response: {
            200: Type.Object({ CachesDeleted: Nullable(Strings), SpaceReclaimed: Type.Integer() }),
          },
        },
      },
      (_request, reply) => {
        reply.send({ CachesDeleted: null, SpaceReclaimed: 0 });
      },
    );
  };
