import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ContainerConfig } from '@tinydocker/shared/api/containers.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { commitContainer } from '../../services/containers/commit.js';

const text = (description: string) => Type.Optional(Type.String({ description }));

export const commitRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/commit',
      {
        schema: {
          summary: 'Make an image of a container',
          querystring: Type.Object({
            container: text('Name, id or the beginning of an id.'),
            repo: text('A name for the image.'),
            tag: text('The tag in that name.'),
            comment: text('What is said of it in its history.'),
            author: text('Who has made it.'),
            pause: Type.Optional(Type.Boolean({ description: 'Its processes stand still meanwhile (default: yes).' })),
            changes: Type.Optional(
              Type.Array(Type.String(), { description: 'Instructions of a Dockerfile: CMD, ENV, LABEL...' }),
            ),
          }),
          body: Type.Unsafe<ContainerConfig>({ ...ContainerConfig, emptyBody: true }),
          response: { 201: Type.Object({ Id: Type.String() }) },
        },
      },
      async ({ query, body }, reply) => {
        const Id = await commitContainer(deps, query.container ?? '', query, body);
        return reply.code(201).send({ Id });
      },
    );
  };
