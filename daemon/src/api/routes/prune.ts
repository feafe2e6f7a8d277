import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Nullable, Strings } from '@tinydocker/shared/api/common.js';
import { ImagesPruneResponse } from '@tinydocker/shared/api/images.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { CACHE_FILTERS, pruneBuildCache } from '../../services/build/prune.js';
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
          summary: 'Remove from the build cache what no build uses',
          querystring: Type.Object({
            ...filters(CACHE_FILTERS.join(', ')),
            all: Type.Optional(Type.Boolean({ description: 'Also what images have.' })),
            'keep-storage': Type.Optional(
              Type.Integer({ description: 'The same as reserved-space; before API 1.48.' }),
            ),
            'reserved-space': Type.Optional(Type.Integer({ description: 'Bytes that may stay.' })),
            'max-used-space': Type.Optional(
              Type.Integer({ description: 'Bytes that may stay, where reserved-space says nothing.' }),
            ),
            'min-free-space': Type.Optional(Type.Integer({ description: 'Accepted, without effect.' })),
          }),
          response: {
            200: Type.Object({ CachesDeleted: Nullable(Strings), SpaceReclaimed: Type.Integer() }),
          },
        },
      },
      ({ query }) => {
        const keep = query['reserved-space'] || query['keep-storage'] || query['max-used-space'] || 0;
        return pruneBuildCache(deps, { all: query.all ?? false, keep, filters: query.filters });
      },
    );
  };
