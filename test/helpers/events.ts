import type { ApiClient } from './api.js';
import type { Event } from './types.js';

/** What has happened to one container so far, as actions in order. */
export async function actionsOf(api: ApiClient, id: string): Promise<string[]> {
  const filters = JSON.stringify({ container: [id], type: ['container'] });
  const reply = await api.get('/events', { since: 0, until: (Date.now() / 1000 + 1).toFixed(3), filters });
  const events = reply.text.split('\n').filter(Boolean);
  return events.map((line) => (JSON.parse(line) as Event).Action);
}
