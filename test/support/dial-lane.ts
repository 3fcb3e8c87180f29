import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type SimulatedWhatsApp, startSimulatedWhatsApp } from '../../src/simulator/index.ts';
import { type Database, type DatabasePlace, openDatabase } from '../../src/storage/index.ts';
import { DialBooks } from './dial-books.ts';
import { type Answer, DialClient, idIn } from './dial-client.ts';
import { DialKeeper } from './dial-keeper.ts';
import { Chance, type DialPlan, dialPlan } from './dial-plan.ts';
import { CRASH_WRITES, type CrashPoint } from './dial-process-points.ts';
import { furnish, NUMBERS, serviceEnvironment } from './dial-setting.ts';
import { MASTER_KEY } from './master-key.ts';

/** A request that may have been lost with a process is looked for 10 s after the start of the next. */
const SETTLED_WITHIN_MS = 30_000;

/** How a round kills the service. */
export type Blow =
  /** When Graph has taken a connect, before it answers. */
  | 'taken'
  /** A moment later: its answer is on its way, or being written down. */
  | 'answered'
  /** At a write. */
  | 'write'
  /** Whenever. */
  | 'random'
  /** Again, while the next process takes over. */
  | 'recovery';

export const BLOWS: readonly Blow[] = ['taken', 'answered', 'write', 'random', 'recovery'];

/** A WhatsApp, a database, and one service after the other on it, each of which is killed. */
export class DialLane {
  readonly blows = new Map<Blow, number>();
  readonly #name: string;
  readonly #chance: Chance;
  readonly #whatsapp: SimulatedWhatsApp;
  readonly #database: Database;
  readonly #keeper: DialKeeper;
  readonly #client: DialClient;
  readonly #books: DialBooks;
  #round = 0;
  #onRung: () => void = () => {};

  private constructor(
    name: string,
    chance: Chance,
    whatsapp: SimulatedWhatsApp,
    database: Database,
    keeper: DialKeeper,
    place: DatabasePlace,
  ) {
    this.#name = name;
    this.#chance = chance;
    this.#whatsapp = whatsapp;
    this.#database = database;
    this.#keeper = keeper;
    this.#client = new DialClient(() => keeper.url);
    this.#books = new DialBooks(
      whatsapp,
      place,
      NUMBERS.map(({ phoneNumberId }) => phoneNumberId),
    );
  }

  /** @param name a digit, which tells its users from those of other lanes */
  static async open(name: string, place: DatabasePlace, next: () => number): Promise<DialLane> {
    const app = randomBytes(16).toString('hex');
    const token = randomBytes(16).toString('hex');
    let keeper: DialKeeper | null = null;
    const whatsapp = await startSimulatedWhatsApp({
      // Nobody listens on that port.
      bridgeWebhookUrl: () => `${keeper?.url ?? 'http://127.0.0.1:1'}/webhooks/whatsapp`,
      appSecret: app,
      token,
      ...NUMBERS[0],
      phoneNumbers: NUMBERS.slice(1),
      webhookTimeoutMs: 2_000,
      webhookRetryDelaysMs: Array.from({ length: 400 }, () => 60),
    });
    const database = await openDatabase({ ...place, masterKey: MASTER_KEY });
    await furnish(database, token);
    keeper = new DialKeeper(serviceEnvironment({ app, graphUrl: whatsapp.graphUrl, place }));
    return new DialLane(name, new Chance(next), whatsapp, database, keeper, place);
  }

  get kills(): number {
    return this.#keeper.deaths;
  }

  /** Dials go out, the service is killed, and its books and WhatsApp's are compared. Throws an Error that says where they differ. */
  async round(): Promise<void> {
    this.#round += 1;
    const plans = Array.from({ length: 6 }, (_, n) => this.#plan(n));
    for (const { waId, phone, request } of plans) {
      this.#whatsapp.answerCalls(waId, phone);
      this.#whatsapp.answerRequests(waId, request);
    }
    const kill = this.#kill();
    const dialled = Promise.all(plans.map((plan) => this.#dial(plan)));
    // Nobody waits for them if the kill fails.
    dialled.catch(() => {});
    await kill;
    const answers = await dialled;
    await this.#agree('after the crash', () => this.#books.disagreements(plans));
    for (const [n, plan] of plans.entries()) await this.#sameAgain(plan, answers[n]!);
    for (const { waId } of plans) {
      if (this.#books.asked(waId) > 1) throw new Error(`${waId} was asked ${this.#books.asked(waId)} times`);
    }
    for (const id of this.#books.placed) {
      if (this.#books.connects(id) !== 1) throw new Error(`${id} was dialled ${this.#books.connects(id)} times`);
    }
    await this.#hangUpAll(plans);
    await this.#likeTheJudge(plans);
    await this.#hangUpAll(plans);
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#keeper.close();
    await this.#whatsapp.close();
    await this.#database.close();
  }

  #plan(n: number): DialPlan {
    const { phoneNumberId } = this.#chance.of(NUMBERS);
    const waId = `4915${this.#name}${String(this.#round).padStart(4, '0')}${n}00`;
    return dialPlan(this.#chance, { phoneNumberId, waId, onRung: () => this.#onRung() });
  }

  async #dial(plan: DialPlan): Promise<Answer | null> {
    await sleep(plan.atMs);
    const { waId, phoneNumberId, permission } = plan;
    if (permission === 'granted') await this.#whatsapp.grant(waId, 'temporary', phoneNumberId);
    if (permission === 'free_form') await this.#whatsapp.message(waId, 'Hello', phoneNumberId);
    const first = await this.#client.dial(plan);
    const repeats = first === null && plan.via.route === 'platform' && plan.via.key !== null;
    const answer = repeats ? await this.#client.dialAgain(plan) : first;
    const id = idIn(answer);
    if (id !== null && plan.hangUpMs !== null) await sleep(plan.hangUpMs).then(() => this.#client.hangUp(id));
    return answer;
  }

  /** Resolves when the service was killed, once or twice, and runs again. */
  async #kill(): Promise<void> {
    const before = this.kills;
    const twice = this.#chance.is(0.2);
    const atWrite = this.#chance.is(0.6);
    if (twice && atWrite) this.#keeper.armNext(this.#write(4));
    this.#aim(this.#chance.weighted(AIMS).blow);
    await this.#dies(before, 700);
    this.#onRung = () => {};
    if (twice) {
      this.#count('recovery');
      await this.#dies(before + 1, atWrite ? 300 : this.#chance.below(100));
    }
    await this.#up();
  }

  #aim(blow: Exclude<Blow, 'recovery'>): void {
    this.#count(blow);
    let rung = 0;
    const nth = 1 + this.#chance.below(4);
    const afterMs = this.#chance.next * 12;
    switch (blow) {
      case 'taken':
        this.#onRung = () => void (++rung === nth && this.#keeper.kill());
        return;
      case 'answered':
        this.#onRung = () => {
          if (++rung === nth) void this.#killAfter(afterMs);
        };
        return;
      case 'write':
        return this.#keeper.arm(this.#write(10));
      case 'random':
        return void setTimeout(() => this.#keeper.kill(), this.#chance.below(400));
      default:
        blow satisfies never;
    }
  }

  /** Timers know only milliseconds. */
  async #killAfter(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until) await new Promise(setImmediate);
    this.#keeper.kill();
  }

  #write(within: number): CrashPoint {
    const { of, write } = this.#chance.weighted(CRASH_WRITES);
    return { of, write, nth: 1 + this.#chance.below(within), when: this.#chance.of(['before', 'after']) };
  }

  /** Whatever was aimed at may not come: once it was up for so long, it is killed all the same. */
  async #dies(deathsBefore: number, withinMs: number): Promise<void> {
    let until = Number.POSITIVE_INFINITY;
    while (this.kills === deathsBefore) {
      if (this.#keeper.url !== null) until = Math.min(until, performance.now() + withinMs);
      if (performance.now() >= until) this.#keeper.kill();
      await sleep(5);
    }
  }

  async #up(): Promise<void> {
    while (this.#keeper.url === null) await sleep(5);
  }

  #count(blow: Blow): void {
    this.blows.set(blow, (this.blows.get(blow) ?? 0) + 1);
  }

  async #agree(when: string, disagreements: () => Promise<string[]>): Promise<void> {
    const until = performance.now() + SETTLED_WITHIN_MS;
    // Twice in a row: what resumes by itself may just be about to.
    for (let calm = 0; calm < 2; ) {
      const found = await disagreements();
      calm = found.length === 0 ? calm + 1 : 0;
      if (performance.now() > until) throw new Error(`${when}, round ${this.#round}: ${found.join('; ')}`);
      await sleep(50);
    }
  }

  async #sameAgain(plan: DialPlan, first: Answer | null): Promise<void> {
    const id = idIn(first);
    if (id === null || plan.via.route !== 'platform' || plan.via.key === null) return;
    const again = idIn(await this.#client.dialAgain(plan));
    if (again !== id) throw new Error(`one key, two calls: ${id} and ${again}`);
  }

  /** Everybody hangs up, and nobody waits any more. */
  async #hangUpAll(plans: readonly DialPlan[]): Promise<void> {
    await this.#agree('after the hang-up', async () => {
      for (const call of this.#whatsapp.received.slice(-100)) if (call.endedBy === null) call.hangUp();
      const waiting = await this.#books.waiting();
      for (const id of waiting) await this.#client.hangUp(id);
      const left = [...(await this.#books.disagreements([])), ...this.#books.alive.map((id) => `alive: ${id}`)];
      const read = plans.map(async ({ phoneNumberId, waId }) => {
        const state = await this.#database.permissions.read(phoneNumberId, { waId, userId: null }, Date.now());
        const { liveCall } = state.pair;
        return liveCall === null && state.number.liveCalls === 0
          ? []
          : [`reserved: ${liveCall}, ${state.number.liveCalls}`];
      });
      return [...left, ...waiting.map((id) => `waits: ${id}`), ...(await Promise.all(read)).flat()];
    });
  }

  /** A new dial to each of the users is taken or refused just as WhatsApp would. */
  async #likeTheJudge(plans: readonly DialPlan[]): Promise<void> {
    await Promise.all(
      plans.map(async ({ phoneNumberId, waId, ...plan }) => {
        const verdict = this.#whatsapp.judge.checkCall({ phoneNumberId, user: waId });
        const via = { route: 'platform', key: null } as const;
        const answer = await this.#client.dial({ ...plan, phoneNumberId, waId, via, permission: 'granted' });
        const said =
          answer?.status === 202 ? null : ((answer?.body as { code?: number } | null)?.code ?? answer?.status);
        if (said !== (verdict?.code ?? null)) {
          throw new Error(
            `round ${this.#round}: WhatsApp says ${verdict?.code} to a call of ${waId}, and we say ${said}`,
          );
        }
      }),
    );
  }
}

const AIMS: readonly { readonly blow: Exclude<Blow, 'recovery'>; readonly weight: number }[] = [
  { blow: 'taken', weight: 3 },
  { blow: 'answered', weight: 4 },
  { blow: 'write', weight: 6 },
  { blow: 'random', weight: 2 },
];
