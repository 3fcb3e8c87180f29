import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { CallManners, GraphRequestRecord, SimulatedCall } from '../../src/simulator/index.ts';
import { API_KEY, type Bridge, type CallDetail, PHONE_NUMBER_ID } from './bridge.ts';
import { settles } from './open-things.ts';

/** What the API or Graph's routes answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A call that the API has taken, before anybody knows how it goes. */
export interface Dialled {
  /** Our own id of it. */
  readonly id: string;
  /** Phone number of the user. */
  readonly user: string;
}

/** A client of the API that has calls placed, and the users that it calls: each dial has one of its own. */
export class Dialler {
  readonly bridge: Bridge;
  #users = 0;

  constructor(bridge: Bridge) {
    this.bridge = bridge;
  }

  /** Somebody who has not allowed calls, and takes them so. Their phone number. */
  stranger(manners: CallManners = {}): string {
    this.#users += 1;
    const user = `4915155500${String(this.#users).padStart(3, '0')}`;
    this.bridge.whatsapp.answerCalls(user, manners);
    return user;
  }

  /** Somebody who has allowed calls, and takes them so. Their phone number. */
  async friend(manners: CallManners = {}): Promise<string> {
    const user = this.stranger(manners);
    await this.bridge.whatsapp.grant(user, 'permanent');
    await this.heardOut();
    return user;
  }

  /** The bridge has worked off every webhook that it has taken. */
  async heardOut(): Promise<void> {
    const ofWebhooks = () => this.bridge.unfinishedRows().webhooks;
    await settles('webhooks wait', ofWebhooks, (count) => count === 0, 5_000);
  }

  /** `POST /platform/v1/whatsapp/calls`, whatever comes of it. */
  async ask(call: Readonly<Record<string, unknown>>, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return await this.post('/platform/v1/whatsapp/calls', { phone_number_id: PHONE_NUMBER_ID, ...call }, headers);
  }

  /** A call that must be taken. */
  async dial(user: string, more: Readonly<Record<string, unknown>> = {}): Promise<Dialled> {
    const reply = await this.ask({ to: user, ...more });
    expect(reply).toMatchObject({ status: 202, body: { data: { id: expect.any(String) } } });
    return { id: recordIn(reply).id, user };
  }

  /** Of somebody who takes calls so. */
  async dialFriend(manners: CallManners = {}, more: Readonly<Record<string, unknown>> = {}): Promise<Dialled> {
    return await this.dial(await this.friend(manners), more);
  }

  hangUp({ id }: Dialled): Promise<Reply> {
    return this.post(`/platform/v1/whatsapp/calls/${id}/hangup`);
  }

  /** The phone's side of it, once Meta's name of the call is in the record. */
  async phoneOf(dialled: Dialled, timeoutMs = 10_000): Promise<SimulatedCall> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const { call_id: name } = await this.now(dialled);
      const phone = this.bridge.whatsapp.received.find(({ callId }) => callId === name);
      if (phone !== undefined) return phone;
      if (Date.now() > until) throw new Error(`after ${timeoutMs} ms Meta has not named the call`);
      await delay(10);
    }
  }

  /** The record as it is. */
  async now({ id }: Dialled): Promise<CallDetail> {
    const { status, body } = await this.bridge.get(`/platform/v1/whatsapp/calls/${id}`);
    expect(status).toBe(200);
    return (body as { readonly data: CallDetail }).data;
  }

  /** The record once it has an ending. */
  ended({ id }: Dialled): Promise<CallDetail> {
    return this.bridge.recordOf({ callId: id });
  }

  /** The record as soon as `type` is in its timeline. */
  reached({ id }: Dialled, type: string): Promise<CallDetail> {
    return this.bridge.reached({ callId: id }, type);
  }

  /** What Graph was asked about a user and their calls, in the order it answered; reports of permissions are left out. */
  graphActions({ user }: Pick<Dialled, 'user'>): string[] {
    return this.graphRequests(user).map(({ action, httpStatus, error }) => {
      if (httpStatus === null) return `${action} unanswered`;
      if (httpStatus >= 500) return `${action} failed`;
      return error === null ? `${action}` : `${action} refused`;
    });
  }

  graphRequests(user: string): readonly GraphRequestRecord[] {
    const { graphRequests } = this.bridge.whatsapp;
    const about = graphRequests.filter(({ body }) => (body as { readonly to?: unknown } | undefined)?.to === user);
    const calls = new Set(about.flatMap(({ callId }) => callId ?? []));
    return graphRequests.filter((request) => about.includes(request) || calls.has(request.callId ?? ''));
  }

  /** As a client with a key does. */
  post(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    return this.#send('POST', path, body, headers);
  }

  put(path: string, body: unknown): Promise<Reply> {
    return this.#send('PUT', path, body, {});
  }

  /** Graph's routes, under the number's own path. */
  graph(resource: string, body: unknown): Promise<Reply> {
    return this.post(`/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/${resource}`, body);
  }

  graphGet(resource: string): Promise<Reply> {
    return this.#send('GET', `/meta/whatsapp/v24.0/${PHONE_NUMBER_ID}/${resource}`, undefined, {});
  }

  async #send(method: string, path: string, body: unknown, more: Readonly<Record<string, string>>): Promise<Reply> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`${this.bridge.service.url}${path}`, {
      method,
      headers: { 'x-api-key': API_KEY, ...json, ...more },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) };
  }
}

export function recordIn({ body }: Reply): CallDetail {
  return (body as { readonly data: CallDetail }).data;
}

/** The types of its timeline that are not about agents, in order. */
export function storyOf({ timeline }: Pick<CallDetail, 'timeline'>): string[] {
  return timeline.map(({ type }) => type).filter((type) => !type.startsWith('agent_'));
}
