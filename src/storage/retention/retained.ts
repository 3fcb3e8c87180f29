import type { Kysely } from 'kysely';
import type { Retained, Sweep } from '../../runtime/ports.ts';
import type { GroupCommit } from '../group-commit.ts';
import type { Schema } from '../schema.ts';
import { CallSweep } from './call-sweep.ts';
import { ContactSweep } from './contact-sweep.ts';

/** What grows with every call, and can be let go of when it is old. */
export class SqlRetained implements Retained {
  readonly #db: Kysely<Schema>;
  readonly #writes: GroupCommit;

  constructor(db: Kysely<Schema>, writes: GroupCommit) {
    this.#db = db;
    this.#writes = writes;
  }

  calls(before: number): Sweep {
    return new CallSweep(this.#db, this.#writes, before);
  }

  contacts(before: number): Sweep {
    return new ContactSweep(this.#db, this.#writes, before);
  }
}
