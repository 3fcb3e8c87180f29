import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { levelDb } from '../../../src/audio/index.ts';
import { PromptLibrary } from '../../../src/media/prompts.ts';
import type { CallReport, SimulatedCall } from '../../../src/simulator/index.ts';
import type { BridgeOptions } from '../../support/bridge.ts';
import type { Dialled } from '../../support/dialler.ts';
import { House, type Walked, words } from '../../support/house.ts';
import { PhoneEar } from '../../support/phone-ear.ts';

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

export async function openHouse({ options, staff }: Omit<Street, 'what' | 'rows'>): Promise<House> {
  const house = await House.start(options());
  await staff?.(house);
  return house;
}

/** So that one that stands still among many is known by its name. */
export async function inTime<T>(name: string, walk: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = delay(60_000, null, { signal: over.signal }).then(() => {
    throw new Error(`${name} stands still`);
  });
  try {
    return await Promise.race([walk, late]);
  } finally {
    late.catch(() => {});
    over.abort();
  }
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
