import { WhatsAppCall } from './call.ts';
import type { CallWorld } from './call-frame.ts';
import { FaultScript } from './fault-script.ts';
import { parseFaults } from './faults.ts';
import { newCallId, type Office } from './office.ts';
import { SimulatedPhone } from './phone/simulated-phone.ts';
import { phoneOptions } from './phone-options.ts';
import { SimulatedCall } from './simulated-call.ts';
import type { CallOptions } from './whatsapp-options.ts';

/** Users who call the business. */
export class UserCalls {
  readonly #office: Office;
  #placed = 0;

  constructor(office: Office) {
    this.#office = office;
  }

  /** Resolves when it rings. Rejects if there cannot be a call, or its handset cannot be opened. */
  async place(options: CallOptions): Promise<SimulatedCall> {
    const { judge, users, register, faults, permissions } = this.#office;
    const placed = this.#placed;
    this.#placed += 1;
    const number = this.#office.number(options.phoneNumberId);
    const { key, user } = users.know(options.user ?? {});
    const script = new FaultScript([...faults, ...parseFaults(options.faults ?? [])]);
    const callId = newCallId();
    const pair = { phoneNumberId: number.phoneNumberId, user: key };
    const rung = judge.userCalls(pair, callId);
    if (rung.refused === 138003) throw new Error('This user is in a call with this number already (138003).');
    if (rung.refused === 138002) throw new Error('This number has as many calls as it can have (138002).');
    const about = {
      ...number,
      callId,
      direction: 'inbound',
      user,
      ctaPayload: options.ctaPayload ?? null,
      deeplinkPayload: options.deeplinkPayload ?? null,
      withContacts: options.withContacts ?? true,
    } as const;
    const world: CallWorld = this.#office.world(callId);
    const { acceptTimeoutMs } = this.#office.options;
    const call = new WhatsAppCall(about, script, world, { acceptTimeoutMs, connectAgeMs: options.connectAgeMs ?? 0 });
    register.add(call);
    try {
      const phone = await this.#ring(call, options, placed);
      if (rung.reply !== null) void permissions.tell(rung.reply);
      return new SimulatedCall(call, () => phone);
    } catch (error) {
      register.forget(callId);
      judge.ended(callId);
      throw error;
    }
  }

  async #ring(call: WhatsAppCall, options: CallOptions, placed: number): Promise<SimulatedPhone | null> {
    if (options.handset !== undefined) {
      await call.ring(options.handset);
      return null;
    }
    const phone = new SimulatedPhone(await phoneOptions(this.#office.options, options, call.script, placed));
    await call.ring((listener) => phone.open(listener));
    return phone;
  }
}
