import { ConnectionLost, OutcomeUnknown } from './database-error.ts';

interface Asked<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * What many ask for one by one, done for all at once. `take` ends the gathering: called as late as possible, it gives all
 * that was asked for until then, and the same again if the work has to be repeated. The answers are in that order.
 */
type Perform<Item, Answer> = (take: () => readonly Item[]) => Promise<readonly Answer[]>;

/**
 * Gathers what is asked for at nearly the same time: to a server, the round trip of a statement costs more than its work.
 * One that cannot be done does not harm the others: what was taken with it is then done one by one.
 */
export class Together<Item, Answer> {
  readonly #perform: Perform<Item, Answer>;
  #asked: Asked<Item, Answer>[] = [];

  constructor(perform: Perform<Item, Answer>) {
    this.#perform = perform;
  }

  ask(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#asked.push({ item, resolve, reject });
      if (this.#asked.length === 1) void this.#gather();
    });
  }

  async #gather(): Promise<void> {
    let taken: readonly Asked<Item, Answer>[] | null = null;
    const take = () => {
      if (taken === null) {
        taken = this.#asked;
        this.#asked = [];
      }
      return taken;
    };
    await this.#do(take);
  }

  /** Never rejects: those who asked are told. */
  async #do(take: () => readonly Asked<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#perform(() => take().map(({ item }) => item));
      for (const [place, { resolve }] of take().entries()) resolve(answers[place]!);
    } catch (fault) {
      const taken = take();
      const isOfAll = fault instanceof ConnectionLost || fault instanceof OutcomeUnknown;
      if (isOfAll || taken.length === 1) for (const { reject } of taken) reject(fault);
      else await Promise.all(taken.map((one) => this.#do(() => [one])));
    }
  }
}
