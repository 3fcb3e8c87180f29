import type { CallContext } from '../../src/agents/index.ts';
import type { CallIdentity } from '../../src/call/index.ts';
import { identity } from './call.ts';

type Differences = Partial<Omit<CallContext, 'identity'>> & { readonly identity?: Partial<CallIdentity> };

/** What an agent is told of a test call. */
export function callContext(differences: Differences = {}): CallContext {
  return {
    recording: false,
    attempt: 0,
    previousAgent: null,
    transcript: [],
    ...differences,
    identity: identity({
      displayPhoneNumber: '+1 555 0100',
      user: { waId: '15550199', userId: 'US.1', parentUserId: null, name: 'Ada' },
      startedAt: Date.UTC(2026, 10, 20, 12),
      ...differences.identity,
    }),
  };
}
