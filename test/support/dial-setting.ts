import { putEnvironmentAgent } from '../../src/agents/index.ts';
import { DEFAULT_POLICY } from '../../src/call/index.ts';
import type { Database, DatabasePlace } from '../../src/storage/index.ts';
import { API_KEY } from './bridge.ts';
import { MASTER_KEY } from './master-key.ts';

/** Several, because reports of call permissions are read five times a second for each number at most. */
export const NUMBERS = [
  { phoneNumberId: '106540352242921', displayPhoneNumber: '493012345601' },
  { phoneNumberId: '106540352242922', displayPhoneNumber: '493012345602' },
  { phoneNumberId: '106540352242923', displayPhoneNumber: '493012345603' },
  { phoneNumberId: '106540352242924', displayPhoneNumber: '493012345604' },
] as const;

const AGENT_ID = '00000000-0000-4000-8000-000000000001';
/**
 * How long a dial without a name is watched, or Graph's word on an end awaited. The watch begins just before the server
 * listens, and what Meta had to say meanwhile must come in time on a slow machine, too.
 */
const WATCH_MS = 2_500;

/** What an operator has set up: numbers, and an agent that speaks in all of their calls. */
export async function furnish({ numbers, agents }: Database, token: string): Promise<void> {
  const at = Date.now();
  const policy = { ...DEFAULT_POLICY, connectWatchMs: WATCH_MS, endTimeoutMs: WATCH_MS };
  const body = { name: 'Agent', provider: { kind: 'websocket', url: 'ws://127.0.0.1:9' } };
  for (const number of NUMBERS) {
    await numbers.upsert({ ...number, credentials: { kind: 'bearer', secret: token }, policy }, at);
    const agent = { id: AGENT_ID, phoneNumberId: number.phoneNumberId, body, token: null, reconnectAttempts: 0 };
    await putEnvironmentAgent(agents, agent, { allowLinkLocal: false }, at);
  }
}

interface Surroundings {
  readonly app: string;
  readonly graphUrl: string;
  readonly place: DatabasePlace;
}

/** The environment of a service on a database that is furnished. */
export function serviceEnvironment({ app, graphUrl, place }: Surroundings): Readonly<Record<string, string>> {
  return {
    TALKWIRE_HOST: '127.0.0.1',
    TALKWIRE_PORT: '0',
    TALKWIRE_DATABASE: 'url' in place ? place.url : place.path,
    TALKWIRE_MASTER_KEY: MASTER_KEY.toString('base64'),
    TALKWIRE_API_KEYS: API_KEY,
    TALKWIRE_RATE_LIMIT: '0',
    TALKWIRE_APP_SECRETS: app,
    TALKWIRE_GRAPH_URL: graphUrl,
  };
}
