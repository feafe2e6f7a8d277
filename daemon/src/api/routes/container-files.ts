import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { ContainerChange } from '@tinydocker/shared/api/containers.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { readContainerPath, writeContainerPath } from '../../services/containers/archive.js';
import { containerChanges } from '../../services/containers/changes.js';
import { exportContainer } from '../../services/containers/export.js';
import { type PathStat, statContainerPath } from '../../services/containers/path-stat.js';
import { sendArchive } from '../archive-stream.js';

const flag = (description: string) => Type.Optional(Type.Boolean({ description }));
const id = Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) });
const path = Type.Optional(Type.String({ description: 'A path in the container.' }));

const statHeader = (stat: PathStat): Record<string, string> => ({
  'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64'),
});

/** A container's file system, seen from outside. */
export const containerFileRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    const open = new Set<ServerResponse>();
    const uploads = new Set<IncomingMessage>();
    // close() waits for every answer to end, and these may take long.
    app.addHook('preClose', async () => {
      for (const response of open) response.destroy();
      for (const upload of uploads) upload.destroy();
    });

    app.head(
      '/containers/:id/archive',
      {
        schema: {
          summary: 'Look at a path of a container',
          description: 'The header X-Docker-Container-Path-Stat holds the answer: JSON in base64.',
          params: id,
          querystring: Type.Object({ path }),
        },
      },
      async ({ params, query }, reply) => {
        const stat = await statContainerPath(deps, params.id, query.path);
        return reply.headers(statHeader(stat)).send();
      },
    );

    app.get(
      '/containers/:id/archive',
      {
        schema: {
          summary: 'Files of a container as a tar archive',
          params: id,
          querystring: Type.Object({ path }),
        },
      },
      async (request, reply) => {
        const { params, query } = request;
        await sendArchive(
          request,
          reply,
          (target) => readContainerPath(deps, params.id, query.path, target),
          ({ stat }) => ({ 'Content-Type': 'application/x-tar', ...statHeader(stat) }),
          deps.log,
          open,
        );
      },
    );

    app.put(
      '/containers/:id/archive',
      {
        // No limit: the body is streamed into the container.
        bodyLimit: Number.MAX_SAFE_INTEGER,
        schema: {
          summary: 'Extract a tar archive into a directory of a container',
          description: 'The body is plain or compressed with gzip, bzip2, xz or zstd.',
          params: id,
          querystring: Type.Object({
            path,
            noOverwriteDirNonDir: flag("A directory takes no other file's place, nor the other way round."),
            copyUIDGID: flag("All belongs to the container's user."),
          }),
        },
      },
      async (request, reply) => {
        const { params, query } = request;
        uploads.add(request.raw);
        try {
          await writeContainerPath(deps, params.id, query.path, query, request.body as Readable | undefined);
        } finally {
          uploads.delete(request.raw);
        }
        return reply.code(200).send();
      },
    );

    app.get(
      '/containers/:id/export',
      { schema: { summary: 'The whole root of a container as a tar archive', params: id } },
      async (request, reply) => {
        await sendArchive(
          request,
          reply,
          (target) => exportContainer(deps, request.params.id, target),
          () => ({ 'Content-Type': 'application/octet-stream' }),
          deps.log,
          open,
        );
      },
    );

    app.get(
      '/containers/:id/changes',
      {
        schema: {
          summary: 'What a container has changed in its root',
          params: id,
          response: { 200: Type.Array(ContainerChange) },
        },
      },
      ({ params }) => containerChanges(deps, params.id),
    );
  };
