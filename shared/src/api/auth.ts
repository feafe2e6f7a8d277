import type { Static } from 'typebox';
import * as Type from 'typebox';
import { Maybe } from './common.js';

/** Who somebody is at a registry. */
export const AuthConfig = Type.Object({
  username: Maybe(Type.String()),
  password: Maybe(Type.String()),
  auth: Maybe(Type.String(), 'Not read: name and password are members of their own.'),
  email: Maybe(Type.String(), 'No longer has an effect.'),
  serveraddress: Maybe(Type.String(), 'The registry: a host, with its port where it has one, or a URL.'),
  identitytoken: Maybe(Type.String(), 'In place of the password.'),
  registrytoken: Maybe(Type.String()),
});
export type AuthConfig = Static<typeof AuthConfig>;

export const AuthResponse = Type.Object({
  Status: Type.String({ description: 'A sentence for people.' }),
  IdentityToken: Type.String({ description: 'To be used in place of the password from now on; may be empty.' }),
});
export type AuthResponse = Static<typeof AuthResponse>;
