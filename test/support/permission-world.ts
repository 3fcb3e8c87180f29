import { randomUUID } from 'node:crypto';
import {
  DEFAULT_DIAL_RULES,
  type Decision,
  type Denial,
  type DialOutcome,
  type DialRequest,
  type DialRules,
  type PermissionBook,
  type UserRef,
} from '../../src/permissions/index.ts';
import type { LimitsInput, Pair, Refusal } from '../../src/simulator/index.ts';
import { type Database, openDatabase } from '../../src/storage/index.ts';
import { MASTER_KEY } from './master-key.ts';
import { numberSettings } from './number-settings.ts';
import { Bridge } from './permission-world/bridge.ts';
import type { Fact } from './permission-world/facts.ts';
import { type Fate, MetaSide } from './permission-world/meta-side.ts';
import { quiet, UnderWay } from './permission-world/mortal.ts';
import { NUMBERS, pairOf, USERS } from './permission-world/people.ts';
import type { Journey } from './permission-world/post-office.ts';
import { Referee } from './permission-world/referee.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface PermissionWorldOptions {
  readonly rules?: Partial<DialRules>;
  /** Of Meta; those of the profile in `rules` if left out. */
  readonly limits?: LimitsInput;
  readonly journeys?: readonly Journey[];
  readonly fates?: readonly Fate[];
}

export const TEMPLATE = { name: 'may_we_call', language: 'en', components: [] };

/**
 * Two numbers and three users on one virtual clock: the real desks, ledger, runtime, call machines, inbox and webhook
 * parser on SQLite, and a Meta with the simulator's judge. The referee compares at every decision.
 */
export class PermissionWorld {
  readonly clock: VirtualClock;
  readonly meta: MetaSide;
  readonly database: Database;
  readonly referee: Referee;
  readonly faults: unknown[] = [];
  readonly rules: DialRules;
  bridge: Bridge;
  readonly #underWay: UnderWay;
  readonly #inbox = new Map<number, readonly Fact[]>();

  private constructor(database: Database, options: PermissionWorldOptions) {
    this.rules = { ...DEFAULT_DIAL_RULES, requestTemplate: TEMPLATE, ...options.rules };
    this.database = database;
    const underWay = new UnderWay();
    this.#underWay = underWay;
    this.clock = new VirtualClock(undefined, () => quiet(underWay));
    const { journeys = [], fates = [], limits = this.rules.profile } = options;
    this.meta = new MetaSide({ clock: this.clock, limits, journeys, fates });
    this.referee = new Referee(this.meta, this.clock, this.rules);
    this.meta.onRefusal = (refusal: Refusal, kind) => this.referee.onRefused(refusal, kind);
    this.meta.post.deliver = (body, tells) => this.#wait(this.bridge.take(body, tells));
    this.bridge = this.#newBridge();
  }

  static async open(options: PermissionWorldOptions = {}): Promise<PermissionWorld> {
    const world = new PermissionWorld(await openDatabase({ path: ':memory:', masterKey: MASTER_KEY }), options);
    for (const number of NUMBERS) {
      await world.database.numbers.upsert(numberSettings(number), world.clock.now());
      await world.database.numbers.setDialRules(number.phoneNumberId, world.rules, world.clock.now());
    }
    await world.#finish(world.bridge.start());
    return world;
  }

  /** Asks for a call; the outcome once there is one. Time goes on meanwhile. */
  async dial(pair: Pair, differences: Partial<DialRequest> = {}): Promise<DialOutcome> {
    return await this.finish(this.bridge.dials.desk.dial(dialRequest(pair, differences)));
  }

  /** Lets time go on until the work is done, at most for a minute. */
  async finish<T>(work: Promise<T>): Promise<T> {
    return await this.#finish(work);
  }

  /** The process dies and another takes over at once; or it stops in good order first. */
  async restart(how: 'kill' | 'stop'): Promise<void> {
    if (how === 'kill') this.bridge.kill();
    else await this.#finish(this.bridge.stop());
    this.bridge = this.#newBridge();
    this.referee.restarted();
    this.meta.calls.restarted();
    await this.#finish(this.bridge.start());
  }

  async advance(ms: number): Promise<void> {
    await this.clock.advance(ms);
  }

  async close(): Promise<void> {
    this.bridge.kill();
    await this.database.close();
  }

  async #finish<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const done = work.finally(() => {
      over = true;
    });
    done.catch(() => {});
    await quiet(this.#underWay);
    for (let waited = 0; !over && waited < 60_000; waited += 20) await this.clock.advance(20);
    if (!over) throw new Error('it takes longer than a minute');
    return await done;
  }

  #wait(work: Promise<void>): void {
    this.#underWay.count += 1;
    work
      .catch((fault) => this.faults.push(fault))
      .finally(() => {
        this.#underWay.count -= 1;
      });
  }

  #newBridge(): Bridge {
    return new Bridge({
      clock: this.clock,
      database: this.database,
      meta: this.meta,
      underWay: this.#underWay,
      inbox: this.#inbox,
      book: (book) => watched(book, this.referee),
      onFault: (fault) => this.faults.push(fault),
    });
  }
}

export function dialRequest({ phoneNumberId, user }: Pair, differences: Partial<DialRequest> = {}): DialRequest {
  return {
    id: randomUUID(),
    phoneNumberId,
    user: refOf(user),
    voiceAgentId: null,
    permission: { mode: 'require', template: null },
    ringTimeoutMs: null,
    context: {},
    bizOpaqueCallbackData: null,
    userTimeZone: null,
    notBefore: null,
    notAfter: null,
    ...differences,
  };
}

/** A number of ours and one of the users, by their places in the lists. */
export function pair(number = 0, user = 0): Pair {
  return pairOf(NUMBERS[number]!.phoneNumberId, USERS[user]!);
}

export function refOf(userKey: string): UserRef {
  return userKey.startsWith('DE.') ? { waId: null, userId: userKey } : { waId: userKey, userId: null };
}

/** The ledger, with the referee at every decision. */
function watched(book: PermissionBook, referee: Referee): PermissionBook {
  const told = (of: Pair, wish: 'call' | 'request', decision: Decision | undefined) => {
    if (decision === undefined) return;
    if (decision.type === 'deny') referee.onDenied(of, wish, decision satisfies Denial);
    else referee.onAllowed(of);
  };
  return new Proxy(book, {
    get(target, name) {
      if (name === 'reserve') {
        const reserve: PermissionBook['reserve'] = async (order, now, decide) => {
          const reservation = await target.reserve(order, now, decide);
          told(pairOf(order.phoneNumberId, order.user), 'call', reservation?.decision);
          return reservation;
        };
        return reserve;
      }
      if (name === 'reserveRequest') {
        const reserveRequest: PermissionBook['reserveRequest'] = async (phoneNumberId, user, ...more) => {
          const reservation = await target.reserveRequest(phoneNumberId, user, ...more);
          told(pairOf(phoneNumberId, user), 'request', reservation.decision);
          return reservation;
        };
        return reserveRequest;
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
