import { expect } from 'vitest';
import { levelDb } from '../../../src/audio/index.ts';
import { PromptLibrary } from '../../../src/media/prompts.ts';
import type { CallReport, SimulatedCall } from '../../../src/simulator/index.ts';
import type { BridgeOptions } from '../../support/bridge.ts';
import type { Dialled } from '../../support/dialler.ts';
import { House, type Walked, words } from '../../support/house.ts';
import { PhoneEar } from '../../support/phone-ear.ts';
import { rawLink } from '../../support/switchboard.ts';

export type Walk = (house: House) => Promise<Walked>;

/** Rows that need the same rules are walked in the same house, one after the other. */
export interface Street {
  readonly what: string;
  readonly options: () => BridgeOptions;
  /** Whom the operator adds over the API before the first call. */
  readonly staff?: (house: House) => Promise<unknown>;
  readonly rows: Readonly<Record<string, Walk>>;
}

export const RATE = 16_000;
export const ANSWERED = ['pre_accept', 'accept'];
export const SORRY = { action: 'prompt', prompt: 'unavailable.ogg' } as const;

export const SECOND_OUT_OF_ORDER = {
  what: 'a number with two agents, the second of which is out of order',
  options: () => ({}),
  staff: async (house) => {
    house.second.options.refuseWith = 503;
    // One call that is not let go of, and the next walk finds it full.
    await house.board.add(rawLink('Second', house.second, 16_000, { settings: { max_concurrent_calls: 1 } }), 1);
  },
} satisfies Omit<Street, 'rows'>;

export async function openHouse({ options, staff }: Omit<Street, 'what' | 'rows'>): Promise<House> {
  const house = await House.start(options());
  await staff?.(house);
  return house;
}

export async function done(call: SimulatedCall, ...graph: string[]): Promise<Walked> {
  await call.waitFor('closed', 50_000);
  return { callId: call.callId, graph };
}

/** The same of a call that we placed; one that Meta never named has no phone to wait for. */
export async function dialDone(house: House, dialled: Dialled, ...graph: string[]): Promise<Walked> {
  const { call_id: name } = await house.dialler.ended(dialled);
  const phone = house.bridge.whatsapp.received.find(({ callId }) => callId === name);
  await phone?.waitFor('closed', 50_000);
  return { callId: dialled.id, graph, dialled };
}

/** One call is on the line, and another comes. */
export async function secondRejected(house: House): Promise<Walked> {
  const { call: first } = await house.talk();
  const second = await done(await house.call(), 'reject');
  first.hangUp();
  await house.bridge.recordOf(first);
  await first.waitFor('closed', 5_000);
  return second;
}

/** The agent has hung up and its last words, `ms` long, are being played. */
export async function drain(house: House, ms = 3_000): Promise<{ call: SimulatedCall }> {
  const { call, agent } = await house.talk();
  agent.sound(words(ms));
  agent.say({ type: 'hangup', drain: true });
  await house.bridge.reached(call, 'agent_hangup');
  return { call };
}

export async function hearsThePrompt(call: SimulatedCall): Promise<Walked> {
  const walked = await done(call, ...ANSWERED, 'terminate');
  await expectPrompt(call);
  return walked;
}

/** The same of a call that we placed: nothing of it was let out before the pickup. */
export async function hearsThePromptOfDial(house: House, dialled: Dialled): Promise<Walked> {
  const phone = await house.dialler.phoneOf(dialled);
  const walked = await dialDone(house, dialled, 'connect', 'terminate');
  await expectPrompt(phone);
  expect(phoneOf(await phone.report()).mediaBeforeAccept).toBe(0);
  return walked;
}

async function expectPrompt(call: SimulatedCall): Promise<void> {
  const prompt = await new PromptLibrary('assets/prompts').load('unavailable.ogg', RATE);
  expect((await PhoneEar.of(call)).find(prompt).match).toBeGreaterThan(0.8);
}

export function phoneOf(report: CallReport) {
  if (report.phone === null) throw new Error('another handset was used');
  return report.phone;
}

/** How much of what the phone heard was sound, milliseconds. */
export function loudMs(report: CallReport): number {
  const { heard } = phoneOf(report);
  const frame = RATE / 50;
  let loud = 0;
  for (let at = 0; at < heard.length; at += frame) if (levelDb(heard.subarray(at, at + frame)) > -50) loud += 20;
  return loud;
}
