import {
  DEFAULT_DIAL_RULES,
  type Decision,
  type DecisionInput,
  type Denial,
  type DialRules,
  type Grant,
  type LiveReport,
  type NumberState,
  type PairState,
  type ReportedAction,
} from '../../../src/permissions/ports.ts';

export const SECOND = 1_000;
export const HOUR = 3_600 * SECOND;
export const DAY = 24 * HOUR;
/** A Wednesday, 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 18, 12);

export function grant(differences: Partial<Grant> = {}): Grant {
  return { status: 'permanent', expiresAt: null, source: 'request', at: NOW - HOUR, ...differences };
}

/** A user who allowed calls for good and was never called. */
export function pairState(differences: Partial<PairState> = {}): PairState {
  return {
    grant: grant(),
    live: null,
    refused: null,
    windowUntil: null,
    connectedAt: [],
    lastConnectedAt: null,
    unanswered: 0,
    liveCall: null,
    requestedAt: [],
    pendingRequest: null,
    ...differences,
  };
}

/** A number of a country that may call, and that is doing nothing. */
export function numberState(differences: Partial<NumberState> = {}): NumberState {
  return {
    displayPhoneNumber: '4930123456',
    liveCalls: 0,
    dials24h: 0,
    oldestDialAt: null,
    templateUsers24h: 0,
    callingOff: null,
    paused: null,
    ...differences,
  };
}

export function rulesOf(differences: Partial<DialRules> = {}): DialRules {
  return { ...DEFAULT_DIAL_RULES, ...differences };
}

interface InputDifferences extends Partial<Omit<DecisionInput, 'rules' | 'number' | 'pair'>> {
  readonly rules?: Partial<DialRules>;
  readonly number?: Partial<NumberState>;
  readonly pair?: Partial<PairState>;
}

/** A call that is allowed, unless the differences say otherwise. */
export function decisionInput({ rules, number, pair, ...rest }: InputDifferences = {}): DecisionInput {
  return {
    now: NOW,
    wish: 'call',
    ownTemplate: false,
    rules: rulesOf(rules),
    number: numberState(number),
    pair: pairState(pair),
    ...rest,
  };
}

export function report(differences: Partial<LiveReport> = {}): LiveReport {
  return {
    at: NOW - 60 * SECOND,
    status: 'permanent',
    expiresAt: null,
    startCall: null,
    sendRequest: null,
    ...differences,
  };
}

export function action(
  allowed: boolean,
  periodMs: number,
  used: number,
  max: number,
  expiresAt: number | null = null,
): ReportedAction {
  return { allowed, limits: [{ periodMs, maxAllowed: max, currentUsage: used, expiresAt }] };
}

/** `count` moments, one a minute, of which the last was a minute before `end`. */
export function minutesBefore(end: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => end - (count - index) * 60 * SECOND);
}

export function denialOf(decision: Decision): Denial {
  if (decision.type !== 'deny') throw new Error(`expected a denial, got ${JSON.stringify(decision)}`);
  return decision;
}
