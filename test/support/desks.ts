import { DEFAULT_PROJECT_ID } from '../../src/call/index.ts';
import {
  ClientDesk,
  DEFAULT_DIAL_RULES,
  DialDesk,
  type DialRequest,
  type DialRules,
  type PermissionEvent,
} from '../../src/permissions/index.ts';
import type { AccountEventSink, AccountWord } from '../../src/signaling/index.ts';
import type { Database } from '../../src/storage/index.ts';
import { PHONE_NUMBER_ID } from './call-identity.ts';
import { openTestDatabase } from './database.ts';
import { USER } from './dial-order.ts';
import { numberSettings } from './number-settings.ts';
import { Life, quiet, UnderWay } from './permission-world/mortal.ts';
import { dialRequest } from './permission-world.ts';
import { PretendedCalls } from './pretended-calls.ts';
import { ScriptedPermissionGraph } from './scripted-permission-graph.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Both desks on SQLite and a virtual clock, before a Graph and a machine room that do as the test says. */
export class Desks {
  readonly clock: VirtualClock;
  readonly graph = new ScriptedPermissionGraph();
  readonly faults: string[] = [];
  /** Numbers of which Graph was asked whether calling is on. */
  readonly rechecks: string[] = [];
  /** What Graph says then. */
  calling: { readonly status: string } | null = null;
  readonly database: Database;
  readonly calls: PretendedCalls;
  readonly #accounts: AccountEventSink;
  readonly desk: DialDesk;
  readonly clients: ClientDesk;

  private constructor(database: Database, now: number | undefined) {
    this.database = database;
    const underWay = new UnderWay();
    const clock = new VirtualClock(now, () => quiet(underWay));
    this.clock = clock;
    const stored = <T extends object>(port: T) => new Life().port(port, underWay);
    const { graph } = this;
    const { numbers } = database;
    const book = stored(database.permissions);
    this.#accounts = stored(database.numberStates);
    this.calls = new PretendedCalls({ ...database, calls: stored(database.calls) }, () => clock.now());
    const onFault = (during: string) => this.faults.push(during);
    const calling = { recheck: (phoneNumberId: string) => this.#recheck(phoneNumberId) };
    this.desk = new DialDesk({ book, numbers, graph, calls: this.calls, calling, clock, onFault });
    const { lessons } = this.desk;
    this.clients = new ClientDesk({ book, numbers, graph, calls: this.calls, lessons, clock });
  }

  /** `before`: desks of a process that has just died, whose database these have. */
  static async open(rules: Partial<DialRules> = {}, before?: Desks): Promise<Desks> {
    const kept = before?.database ?? (await openTestDatabase());
    // A process takes a moment to start.
    const desks = new Desks(kept, before === undefined ? undefined : before.clock.now() + 100);
    const displayPhoneNumber = '+49 30 100001';
    await kept.numbers.upsert(numberSettings({ displayPhoneNumber }), desks.clock.now());
    await kept.numbers.setDialRules(PHONE_NUMBER_ID, { ...DEFAULT_DIAL_RULES, ...rules }, desks.clock.now());
    return desks;
  }

  request(differences: Partial<DialRequest> = {}): DialRequest {
    return dialRequest({ phoneNumberId: PHONE_NUMBER_ID, user: USER.waId ?? '' }, differences);
  }

  /** A webhook says it, now. */
  async tell(event: Told): Promise<void> {
    const at = this.clock.now();
    await this.desk.handle({ phoneNumberId: PHONE_NUMBER_ID, at, ...event } as PermissionEvent);
    await this.clock.advance(100);
  }

  /** Meta says it of the number, now. */
  async tellAccount(word: AccountWord, at = this.clock.now()): Promise<void> {
    await this.#accounts.handle({ phoneNumberId: PHONE_NUMBER_ID, at, ...word });
  }

  async #recheck(phoneNumberId: string): Promise<void> {
    this.rechecks.push(phoneNumberId);
    if (this.calling !== null) {
      await this.tellAccount({ type: 'calling_settings', calling: this.calling, changed: false });
    }
  }

  async userWrites(): Promise<void> {
    await this.tell({ type: 'user_message', user: USER });
  }

  async userSays(response: 'accept' | 'reject', differences: Partial<Reply> = {}): Promise<void> {
    await this.tell({
      type: 'permission_reply',
      user: USER,
      response,
      permanent: response === 'accept',
      expiresAt: null,
      automatic: false,
      contextId: 'wamid.1',
      messageId: 'wamid.reply',
      ...differences,
    });
  }

  async endingOf(id: string): Promise<string | null | undefined> {
    return (await this.database.calls.find(DEFAULT_PROJECT_ID, id))?.ending?.reason;
  }
}

type Reply = Extract<PermissionEvent, { type: 'permission_reply' }>;
type Told = PermissionEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'phoneNumberId' | 'at'>
    : never
  : never;

type Status = 'no_permission' | 'temporary' | 'permanent';

/** A report of Graph's, as it is given. It says nothing of limits. */
export function reportOf(status: Status, mayAsk = true): object {
  return reportWith(status, mayAsk, []);
}

/** A report that says how many requests Graph counts in a day and in a week, as in production. */
export function countOf(day: number, week = day, status: Status = 'no_permission'): object {
  return reportWith(status, day < 1 && week < 2, [
    { time_period: 'PT24H', max_allowed: 1, current_usage: day },
    { time_period: 'P7D', max_allowed: 2, current_usage: week },
  ]);
}

function reportWith(status: Status, mayAsk: boolean, requests: readonly object[]): object {
  const action = (action_name: string, can_perform_action: boolean, limits: readonly object[]) => ({
    action_name,
    can_perform_action,
    limits,
  });
  return {
    messaging_product: 'whatsapp',
    permission: { status },
    actions: [
      action('send_call_permission_request', mayAsk, requests),
      action('start_call', status !== 'no_permission', []),
    ],
  };
}
