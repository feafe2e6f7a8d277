import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { IDResponse } from '@tinydocker/shared/api/common.js';
import { ExecConfig, ExecInspectResponse, ExecStartConfig } from '@tinydocker/shared/api/exec.js';
import * as Type from 'typebox';
import type { Deps } from '../../deps.js';
import { createExec } from '../../services/exec/create.js';
import { inspectExec } from '../../services/exec/inspect.js';
import { resizeExec } from '../../services/exec/resize.js';
import { startExec } from '../../services/exec/start.js';
import { takeOver } from '../hijack.js';
import { terminalSize, terminalSizeOf } from './terminal-size.js';

const id = Type.Object({ id: Type.String({ description: 'Id of the exec.' }) });

/** Further processes in running containers. */
export const execRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/containers/:id/exec',
      {
        schema: {
          summary: 'Create an exec',
          params: Type.Object({ id: Type.String({ description: 'Name, id or the beginning of an id.' }) }),
          body: ExecConfig,
          response: { 201: IDResponse },
        },
      },
      ({ params, body }, reply) => {
        reply.code(201).send(createExec(deps, params.id, body));
      },
    );

    app.post(
      '/exec/:id/start',
      { schema: { summary: 'Start an exec', params: id, body: ExecStartConfig } },
      async (request, reply) => {
        await startExec(deps, request.params.id, request.body, () => takeOver(request, reply));
        if (!reply.sent) return reply.code(200).send();
      },
    );

    app.post(
      '/exec/:id/resize',
      { schema: { summary: 'Set the size of its terminal', params: id, querystring: terminalSize } },
      async ({ params, query }, reply) => {
        const { rows, cols } = terminalSizeOf(query);
        await resizeExec(deps, params.id, rows, cols);
        return reply.code(200).send();
      },
    );

    app.get(
      '/exec/:id/json',
      { schema: { summary: 'Inspect an exec', params: id, response: { 200: ExecInspectResponse } } },
      ({ params }) => inspectExec(deps, params.id),
    );
  };
