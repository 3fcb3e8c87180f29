import type { CreateAgentWire } from './agent.ts';
import { RawWire } from './wires/raw/raw-wire.ts';

/** Builds the wire that a target asks for. Nothing is dialled before `connect`. */
export const createAgentWire: CreateAgentWire = (target, context, listener) => {
  switch (target.wire) {
    case 'raw':
      return new RawWire(target, context, listener);
    default:
      return target.wire satisfies never;
  }
};
