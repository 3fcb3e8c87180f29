import type { SimulatedWhatsApp } from '../../src/simulator/index.ts';
import type { DatabasePlace } from '../../src/storage/index.ts';
import { rowsIn } from './databases.ts';
import type { DialPlan } from './dial-plan.ts';

/** WhatsApp's books and those of the service, held against each other from outside. */
export class DialBooks {
  readonly #whatsapp: SimulatedWhatsApp;
  readonly #place: DatabasePlace;
  readonly #phoneNumberIds: readonly string[];

  constructor(whatsapp: SimulatedWhatsApp, place: DatabasePlace, phoneNumberIds: readonly string[]) {
    this.#whatsapp = whatsapp;
    this.#place = place;
    this.#phoneNumberIds = phoneNumberIds;
  }

  /** Calls of the business that WhatsApp believes alive, by its own ids. */
  get alive(): readonly string[] {
    return this.#phoneNumberIds.flatMap((number) => this.#whatsapp.judge.liveCalls(number));
  }

  /** Everything in which the books do not agree, or that is not worked off; empty once they do. */
  async disagreements(plans: readonly DialPlan[]): Promise<string[]> {
    const rows = await rowsIn(this.#place, UNFINISHED);
    const alive = new Set(this.alive);
    const found: string[] = [];
    for (const { id, call_id: callId, more } of rowsOf(rows, 'call')) {
      if (!alive.delete(callId)) found.push(`${more} here${id === callId ? ' without a name' : ''}: ${id}`);
    }
    for (const callId of alive) found.push(`forgotten here: ${callId} (${await this.#historyOf(callId)})`);
    for (const { id } of rowsOf(rows, 'webhook')) found.push(`webhook ${id} waits`);
    for (const { call_id: callId } of rowsOf(rows, 'debt')) found.push(`owed: ${callId}`);
    return [...found, ...this.#requests(plans, rowsOf(rows, 'request'))];
  }

  /** Dials that wait for their users, by our own ids. */
  async waiting(): Promise<readonly string[]> {
    return (await rowsIn(this.#place, 'select id from dials')).map(({ id }) => String(id));
  }

  /** How often Graph was asked to place a call with this callback data. */
  connects(data: string): number {
    return this.#whatsapp.graphRequests.filter(
      ({ action, body }) => action === 'connect' && (body as Sent).biz_opaque_callback_data === data,
    ).length;
  }

  /** How often a user was asked for permission, or would have been if Graph had not refused it. */
  asked(waId: string): number {
    return this.#whatsapp.graphRequests.filter(
      ({ action, body }) => action === 'message' && (body as Sent | null)?.to === waId,
    ).length;
  }

  /** Our own ids of all dials that Graph was ever asked to place. */
  get placed(): readonly string[] {
    const data = this.#whatsapp.graphRequests.map(({ body }) => (body as Sent | null)?.biz_opaque_callback_data ?? '');
    return [...new Set(data.filter((text) => text.startsWith('talkwire:')))];
  }

  /** A request that was not answered is open here and there, one that was is closed, and one that never arrived is nowhere. */
  #requests(plans: readonly DialPlan[], open: readonly Unfinished[]): string[] {
    return plans.flatMap(({ waId, request }) => {
      const there = this.asked(waId) > 0 && request.reply === 'ignore';
      const here = open.some((row) => row.id === waId);
      if (there === here) return [];
      return [there ? `a request is forgotten here: ${waId}` : `a request is open here alone: ${waId}`];
    });
  }

  async #historyOf(callId: string): Promise<string> {
    const rows = await rowsIn(this.#place, `select id, ending_reason from calls where call_id = '${callId}'`);
    const request = this.#whatsapp.graphRequests.find((seen) => seen.callId === callId && seen.action === 'connect');
    const data = (request?.body as Sent | undefined)?.biz_opaque_callback_data;
    return `${data}, ${rows.map((row) => `${row['id']} ${row['ending_reason']}`).join() || 'no record has its name'}`;
  }
}

interface Unfinished {
  readonly id: string;
  readonly call_id: string;
  readonly more: string;
}

/** In one statement, because it is asked often and each opens the database. */
const UNFINISHED = `
  select 'call' as what, id, call_id, status as more from calls
    where ending_class is null and status in ('initiated', 'ringing', 'answered')
  union all select 'webhook', cast(id as text), '', '' from webhook_inbox where done_at is null
  union all select 'debt', action, call_id, '' from graph_debts
  union all select 'request', wa_id, '', ''
    from permission_requests join permission_pairs on permission_pairs.id = pair_id where answered_at is null`;

function rowsOf(rows: readonly Record<string, unknown>[], what: string): Unfinished[] {
  return rows.filter((row) => row['what'] === what) as unknown as Unfinished[];
}

interface Sent {
  readonly to?: string;
  readonly biz_opaque_callback_data?: string;
}
