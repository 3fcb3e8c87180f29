import { randomUUID } from 'node:crypto';
import type { Decide, Denial, DialOrder, UserRef } from '../../src/permissions/ports.ts';
import { T0 } from './call.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';

export const USER: UserRef = { waId: '15550100001', userId: null };

/** A dial like no other, to `USER`, now. */
export function dialOrder(differences: Partial<DialOrder> = {}): DialOrder {
  return {
    id: randomUUID(),
    phoneNumberId: PHONE_NUMBER_ID,
    displayPhoneNumber: '+1 555-010-0000',
    user: USER,
    voiceAgentId: null,
    ringTimeoutMs: null,
    context: {},
    bizOpaqueCallbackData: null,
    permission: { mode: 'require', template: null },
    userTimeZone: null,
    notBefore: null,
    deadlineAt: null,
    clientMedia: false,
    createdAt: T0,
    ...differences,
  };
}

export const DENIAL: Denial = {
  type: 'deny',
  code: 138_003,
  reason: 'call_ongoing',
  until: null,
  why: 'One at a time.',
};

export const allow: Decide = () => ({ type: 'allow', warnings: [] });
export const ask: Decide = () => ({ type: 'ask', by: 'free_form' });
export const askByTemplate: Decide = () => ({ type: 'ask', by: 'template' });
export const deny: Decide = () => DENIAL;
/** Allows one call at a time with a user. */
export const allowOne: Decide = ({ pair }) => (pair.liveCall === null ? { type: 'allow', warnings: [] } : DENIAL);
/** Allows one request without an answer. */
export const askOnce: Decide = ({ pair }) => (pair.pendingRequest === null ? { type: 'ask', by: 'free_form' } : DENIAL);
