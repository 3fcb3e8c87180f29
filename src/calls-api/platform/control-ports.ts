import type { PlannedTransfer } from '../../agents/index.ts';
import type { TransferOutcome } from '../../call/index.ts';
import type { AnnounceOrder, ControlRefusal } from '../../runtime/ports.ts';

/** What may be done to a live call while an agent has it. Calls are named by our own id. */
export interface CallControls {
  /** Why a prompt of this name cannot be played; null if nothing speaks against it. */
  promptFault(prompt: string): Promise<string | null>;
  /** Null: it plays, or waits for those before it. */
  announce(id: string, order: AnnounceOrder): ControlRefusal | null;
  /** Null: it is on its way to the agent. `no_word`: the agent's protocol has none for it. */
  tell(id: string, data: unknown): ControlRefusal | 'no_word' | null;
  /** Resolves when the agent has the call, or will not have it. `cannot_take_over`: there is no such agent, or it is a runtime. */
  transfer(id: string, wanted: TransferOrder): Promise<TransferOutcome | ControlRefusal | 'cannot_take_over'>;
}

export type TransferOrder = Omit<PlannedTransfer, 'phoneNumberId'>;
