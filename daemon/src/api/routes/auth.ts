import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AuthConfig, AuthResponse } from '@tinydocker/shared/api/auth.js';
import type { Deps } from '../../deps.js';
import { logIn } from '../../services/auth.js';

/** Logging in to registries. */
export const authRoutes =
  (deps: Deps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/auth',
      { schema: { summary: 'Check a login with its registry', body: AuthConfig, response: { 200: AuthResponse } } },
      ({ body }) => logIn(deps, body),
    );
  };
