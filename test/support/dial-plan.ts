import type { CallManners, FaultInput, RequestManners, RungHandset } from '../../src/simulator/index.ts';
import { sdpAnswer } from './sdp-answer.ts';

/** What happens with one user in one round. Times in milliseconds from its beginning. */
export interface DialPlan {
  readonly phoneNumberId: string;
  readonly waId: string;
  readonly via: /** Our own API, with or without an Idempotency-Key. */
    | { readonly route: 'platform'; readonly key: string | null }
    /** Graph's connect without a session: the bridge has the media. */
    | { readonly route: 'bridge' }
    /** With one: the client has. */
    | { readonly route: 'client'; readonly data: string };
  /** Whether the user allows calls before the dial, or has to be asked, and whether in a window or by a template. */
  readonly permission: 'granted' | 'free_form' | 'template';
  readonly request: RequestManners;
  readonly phone: CallManners;
  readonly atMs: number;
  /** When its client ends it, after it was accepted; null: never. */
  readonly hangUpMs: number | null;
}

/** A source of chance with a few conveniences. */
export class Chance {
  readonly #next: () => number;

  constructor(next: () => number) {
    this.#next = next;
  }

  /** 0 <= n < 1. */
  get next(): number {
    return this.#next();
  }

  /** A whole number from 0 to `below` - 1. */
  below(below: number): number {
    return Math.floor(this.#next() * below);
  }

  is(probability: number): boolean {
    return this.#next() < probability;
  }

  of<T>(things: readonly T[]): T {
    return things[this.below(things.length)]!;
  }

  weighted<T extends { readonly weight: number }>(things: readonly T[]): T {
    let left = this.#next() * things.reduce((sum, { weight }) => sum + weight, 0);
    for (const thing of things) {
      left -= thing.weight;
      if (left < 0) return thing;
    }
    return things.at(-1)!;
  }
}

type Who = Pick<DialPlan, 'phoneNumberId' | 'waId'> & { readonly onRung: () => void };

/** @param who.onRung called when Graph has just taken the call, before it says so */
export function dialPlan(chance: Chance, { phoneNumberId, waId, onRung }: Who): DialPlan {
  const route = chance.weighted(ROUTES).route;
  const permission = route === 'platform' && chance.is(0.5) ? chance.of(['free_form', 'template'] as const) : 'granted';
  return {
    phoneNumberId,
    waId,
    via: viaOf(route, waId, chance),
    permission,
    request: { reply: chance.weighted(ANSWERS).reply, afterMs: chance.below(60) },
    phone: {
      reply: chance.of(['pick_up', 'pick_up', 'reject', 'ignore']),
      afterMs: chance.below(120),
      hangUpAfterMs: chance.is(0.5) ? chance.below(300) : null,
      faults: chance.is(0.5) ? [chance.weighted(FAULTS).fault(chance)] : [],
      handset: async (): Promise<RungHandset> => {
        onRung();
        return { answer: sdpAnswer(), pickedUp: () => {}, close: async () => {} };
      },
    },
    atMs: chance.below(60),
    hangUpMs: chance.is(0.2) ? chance.below(100) : null,
  };
}

const ROUTES = [
  { route: 'platform', weight: 6 },
  { route: 'bridge', weight: 1 },
  { route: 'client', weight: 2 },
] as const;

const ANSWERS = [
  { reply: 'accept', weight: 6 },
  { reply: 'accept_always', weight: 1 },
  { reply: 'reject', weight: 2 },
  { reply: 'ignore', weight: 2 },
] as const;

const FAULTS: readonly { readonly weight: number; readonly fault: (chance: Chance) => FaultInput }[] = [
  { weight: 6, fault: (chance) => ({ type: 'graph.delay', action: 'connect', delayMs: chance.below(40) }) },
  { weight: 3, fault: (chance) => ({ type: 'graph.delay', action: 'terminate', delayMs: chance.below(40) }) },
  { weight: 3, fault: () => ({ type: 'graph.answer_after', action: 'connect', event: 'connect' }) },
  { weight: 2, fault: () => ({ type: 'graph.timeout', action: 'connect', performed: true, reset: true }) },
  { weight: 1, fault: () => ({ type: 'graph.fail', action: 'connect', performed: true }) },
  { weight: 1, fault: () => ({ type: 'graph.fail', action: 'terminate', performed: false, nth: 1 }) },
  { weight: 3, fault: (chance) => ({ type: 'webhook.delay', event: 'connect', delayMs: chance.below(120) }) },
  { weight: 2, fault: () => ({ type: 'webhook.lose', event: 'connect' }) },
  { weight: 2, fault: () => ({ type: 'webhook.duplicate', event: 'connect', copies: 1, gapMs: 20 }) },
  { weight: 2, fault: () => ({ type: 'webhook.duplicate', event: 'accepted', copies: 2, gapMs: 10 }) },
];

function viaOf(route: DialPlan['via']['route'], waId: string, chance: Chance): DialPlan['via'] {
  switch (route) {
    case 'platform':
      return { route, key: chance.is(0.6) ? `key-${waId}` : null };
    case 'bridge':
      return { route };
    case 'client':
      return { route, data: `client-${waId}` };
    default:
      return route satisfies never;
  }
}
